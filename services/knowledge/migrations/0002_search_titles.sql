-- In how many titles, headings and tags a word stands: how much it says about which article is meant.
-- Weights are no part of an index on the whole vector, so asking that one by weight reads every row that has the word.
create index article_search_titles on article_search using gin (ts_filter(vector, '{a,b}'));
