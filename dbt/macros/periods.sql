{#- A table kept from the last run loses the periods that are built anew; the model adds them again. -#}
{% macro forget_periods_to_build() %}
    {%- if is_incremental() -%}
        delete from {{ this }} as built
        using {{ ref('period_to_build') }} as period
        where built.dataset = period.dataset and built.period_code = period.period_code
    {%- endif -%}
{% endmacro %}
