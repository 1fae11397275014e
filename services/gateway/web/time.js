/* Times in words: relative under 24 hours, absolute after, always with the full local time and zone at hand. */
import { locale, t } from "./strings.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function relative(at, now = new Date()) {
  const distance = at - now;
  const span = Math.abs(distance);
  if (span < 45_000) return t("time.now");
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: "always", style: "short" });
  if (span < HOUR) return format.format(Math.round(distance / MINUTE), "minute");
  // What lies ahead is rounded, what is over is counted in full hours.
  if (span < DAY)
    return format.format(distance > 0 ? Math.round(distance / HOUR) : Math.trunc(distance / HOUR), "hour");
  return absolute(at, now);
}

export function absolute(at, now = new Date()) {
  const sameYear = at.getFullYear() === now.getFullYear();
  const date = { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) };
  return new Intl.DateTimeFormat(locale(), { ...date, hour: "2-digit", minute: "2-digit" }).format(at);
}

export function clock(at) {
  return new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit" }).format(at);
}

export function full(at) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "full", timeStyle: "long" }).format(at);
}

export function dayKey(at) {
  return `${at.getFullYear()}-${at.getMonth()}-${at.getDate()}`;
}

export function dayWords(at, now = new Date()) {
  if (dayKey(at) === dayKey(now)) return t("time.today");
  if (dayKey(at) === dayKey(new Date(now - DAY))) return t("time.yesterday");
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  return new Intl.DateTimeFormat(locale(), {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...year,
  }).format(at);
}

/** A length of time in full minutes or hours. */
export function span(milliseconds) {
  const unit = milliseconds < HOUR ? "minute" : "hour";
  const value = Math.max(0, Math.floor(milliseconds / (unit === "hour" ? HOUR : MINUTE)));
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short" }).format(value);
}

/** A moment where we are (`zone`) and, where the clocks differ, where the reader is: {there, here | null}. */
export function inBothZones(at, zone, now = new Date()) {
  const far = at - now > 6 * DAY;
  const day = far ? { weekday: "short", day: "numeric", month: "short" } : { weekday: "long" };
  const words = (options) =>
    new Intl.DateTimeFormat(locale(), { ...day, hour: "2-digit", minute: "2-digit", ...options }).format(at);
  const there = words({ timeZone: zone });
  const here = words({});
  return { there, here: here === there ? null : here };
}

/** How long a relative time stays true, in milliseconds. */
export function freshFor(at, now = new Date()) {
  const span = Math.abs(now - at);
  if (span < HOUR) return 15_000;
  return span < DAY ? 10 * MINUTE : Infinity;
}

export function fileSize(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(units.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  return new Intl.NumberFormat(locale(), {
    style: "unit",
    unit: units[step],
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: step > 1 ? 1 : 0,
  }).format(bytes / 1000 ** step);
}
