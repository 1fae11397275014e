-- How many articles there are, which every search asks: the rows themselves are too wide to be counted.
create index article_search_visible on article_search (article_id) where visible;
