{#-
    The versions of each cell, from the editions of its dataset in publication order: a row each time what the
    dataset says changes, current from known_from (included) to known_to (excluded; null: still current).

    cells: a relation with edition_id, dataset, publication_rank, known_from, and the columns below
    key: what identifies a cell within its dataset
    scope: what an edition covers; a cell inside the scope of a later edition but absent from it is withdrawn. Columns of
        the key, or that follow from it
    facts: what is said of the cell; a change of any of them is a new version
    apart: a column that is true of cells that cover nothing but themselves; none where all cover their scope

    Ties on a date are settled by publication_rank: a version that was replaced the same day never was current.
-#}
{% macro versions(cells, key, scope, facts, apart=none) %}
{%- set cell_key = ['dataset'] + key -%}
with cell as (
    select distinct {{ (cell_key + scope) | unique | join(', ') }}
    from {{ cells }}
),

coverage as (
    select distinct dataset, edition_id, publication_rank, known_from, {{ scope | join(', ') }}
    from {{ cells }}
    {% if apart %}where not {{ apart }}{% endif %}
),

heard as (
    select
        {% for column in cell_key %}cell.{{ column }}, {% endfor %}
        coverage.edition_id,
        coverage.publication_rank,
        coverage.known_from
    from cell
    inner join coverage
        on cell.dataset = coverage.dataset
        {% for column in scope %} and cell.{{ column }} = coverage.{{ column }}{% endfor %}

    {% if apart %}
        union all

        select {{ cell_key | join(', ') }}, edition_id, publication_rank, known_from
        from {{ cells }}
        where {{ apart }}
    {% endif %}
),

state as (
    select
        heard.*,
        -- What the edition says of the cell; null where it says nothing.
        case
            when said.edition_id is not null
                then
                    concat_ws(
                        '|'
                        {% for fact in facts %}, coalesce(cast(said.{{ fact }} as string), '~'){% endfor %}
                    )
        end as said
    from heard
    left join {{ cells }} as said
        on heard.edition_id = said.edition_id
        {% for column in key %} and heard.{{ column }} = said.{{ column }}{% endfor %}
),

compared as (
    select
        *,
        lag(said) over (partition by {{ cell_key | join(', ') }} order by publication_rank) as said_before
    from state
),

changed as (
    select *
    from compared
    where said is distinct from said_before
),

dated as (
    select
        *,
        lead(known_from) over (partition by {{ cell_key | join(', ') }} order by publication_rank) as known_to
    from changed
)

select {% for column in cell_key %}{{ column }}, {% endfor %}edition_id, known_from, known_to
from dated
where said is not null and known_from is distinct from known_to
{% endmacro %}
