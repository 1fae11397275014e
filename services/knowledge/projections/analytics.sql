-- Views for people and tools that analyse: stable columns, nothing personal.
create or replace view analytics.kb_searches as
select search_id, query, category, hits, engine, at, chosen_slug, chosen_rank from knowledge.kb_searches;

create or replace view analytics.kb_feedback as
select f.vote_id, f.article_id, a.slug, f.version, f.helpful, f.at
from knowledge.article_feedback f join knowledge.articles a using (article_id);

grant select on analytics.kb_searches, analytics.kb_feedback to analytics_reader;
