-- What each period of each dataset is made from: the editions that speak of it, as the door accepted them, and the
-- geographic codes. The same state gives the same rows, but for restricted cells: what may be told of one depends on
-- others, so that no two runs share a state.
with nomenclature as (
    select {{ joined_texts('edition.accepted_as', ' ', order='edition.edition_id') }} as accepted_as
    from {{ source('raw', 'edition') }} as edition
    where
        edition.edition_id in (
            select edition_id from {{ source('raw', 'cog_territory') }}
            union
            select edition_id from {{ source('raw', 'cog_move') }}
        )
),

said as (
    select
        edition.dataset,
        spoken_of.period_code,
        spoken_of.edition_id,
        case when edition.access = 'open' then edition.accepted_as else release.release_id end as accepted_as
    from {{ source('raw', 'edition_period') }} as spoken_of
    inner join {{ source('raw', 'edition') }} as edition on spoken_of.edition_id = edition.edition_id
    cross join {{ source('raw', 'release') }} as release
)

select
    said.dataset,
    said.period_code,
    count(*) > 1 as is_contested,
    concat_ws(
        ' / ',
        {{ joined_texts('said.accepted_as', ' ', order='said.edition_id') }},
        max(nomenclature.accepted_as)
    ) as state
from said
cross join nomenclature
group by said.dataset, said.period_code
