-- Where several datasets know the same thing, the publisher of the statistic comes before a report that quotes it.
select
    edition.edition_id,
    edition.dataset,
    edition.publisher,
    edition.report,
    edition.edition_label,
    edition.title,
    edition.layout,
    edition.version_label,
    edition.url,
    edition.origin,
    edition.published_on,
    edition.published_not_after,
    edition.publication_basis,
    edition.known_from,
    edition.publication_rank,
    edition.is_newest,
    edition.retrieved_at,
    edition.licence,
    edition.access,
    edition.maturity,
    edition.region_code,
    edition.content_sha256,
    coalesce(publisher.priority, 90) as source_priority
from {{ source('raw', 'edition') }} as edition
left join {{ ref('publishers') }} as publisher on edition.publisher = publisher.publisher
