/* What lists of tickets can be narrowed and sorted by, as the API names it. */

export const STATUSES = ["OPEN", "IN_PROGRESS", "WAITING_ON_CUSTOMER", "RESOLVED", "CLOSED"];
export const CATEGORIES = ["GENERAL", "TECHNICAL", "BILLING", "ACCOUNT"];
export const PRIORITIES = ["LOW", "MEDIUM", "HIGH", "URGENT"];
export const SORTS = ["-updated_at", "updated_at", "-created_at", "created_at", "-priority", "priority"];

export const NO_FILTERS = {
  status: [],
  category: [],
  priority: [],
  q: "",
  sort: "-updated_at",
  page: 1,
  cursor: "",
};
