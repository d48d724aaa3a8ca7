-- What became of communes: mergers, splits, changes of département or of code. The newest list holds all the others.
select
    move.mod,
    move.effective_on,
    move.type_before,
    move.code_before,
    move.label_before,
    move.type_after,
    move.code_after,
    move.label_after
from {{ source('raw', 'cog_move') }} as move
inner join {{ source('raw', 'edition') }} as edition on move.edition_id = edition.edition_id
where
    edition.publication_rank = (
        select max(newest.publication_rank)
        from {{ source('raw', 'edition') }} as newest
        where newest.layout = edition.layout
    )
