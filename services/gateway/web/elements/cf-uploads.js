/* <cf-uploads .uploads=${Uploads}> files on their way: thumbnail, progress, cancel, retry, remove. */
import { LitElement, css, html, nothing } from "lit";
import { base, controls } from "../base.js";
import { define } from "../element.js";
import { icon } from "../icons.js";
import { locale, t } from "../strings.js";
import { fileSize } from "../time.js";
import { fileIcon } from "./cf-files.js";

export class CfUploads extends LitElement {
  static properties = { uploads: { attribute: false }, refusal: { state: true } };

  static styles = [
    base,
    controls,
    css`
      ul {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2);
      }
      li {
        position: relative;
        display: grid;
        grid-template-columns: 36px minmax(0, 1fr) auto;
        align-items: center;
        column-gap: var(--cf-2);
        width: min(280px, 100%);
        padding: 5px 4px 5px 5px;
        overflow: hidden;
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
      }
      li.failed {
        border-color: var(--cf-danger);
      }
      .picture {
        display: grid;
        place-items: center;
        width: 36px;
        height: 36px;
        overflow: hidden;
        border-radius: var(--cf-radius-s);
        background: var(--cf-subtle);
        color: var(--cf-text-2);
      }
      .picture img {
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        line-height: 1.35;
      }
      .state {
        color: var(--cf-text-2);
        font-size: var(--cf-text-xs);
        line-height: 1.35;
      }
      .failed .state {
        color: var(--cf-danger);
      }
      progress {
        position: absolute;
        inset: auto 0 0;
        width: 100%;
        height: 3px;
        border: 0;
        appearance: none;
        background: transparent;
      }
      progress::-webkit-progress-bar {
        background: transparent;
      }
      progress::-webkit-progress-value {
        background: var(--cf-accent);
        transition: inline-size var(--cf-motion);
      }
      progress::-moz-progress-bar {
        background: var(--cf-accent);
      }
      .error {
        margin-top: var(--cf-2);
      }
    `,
  ];

  #off = null;

  constructor() {
    super();
    this.refusal = "";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#off?.abort();
  }

  willUpdate(changed) {
    if (!changed.has("uploads")) return;
    this.#off?.abort();
    if (!this.uploads) return;
    const { signal } = (this.#off = new AbortController());
    this.refusal = "";
    this.uploads.addEventListener("change", () => this.requestUpdate(), { signal });
    this.uploads.addEventListener("refused", ({ detail }) => (this.refusal = detail.words), { signal });
  }

  #state(item) {
    if (item.state === "failed") return item.problem ?? t("file.failed");
    if (item.state === "waiting") return t("file.waiting");
    if (item.state === "done") return fileSize(item.size);
    return new Intl.NumberFormat(locale(), { style: "percent" }).format(item.progress);
  }

  #item(item) {
    const running = item.state === "uploading" || item.state === "waiting";
    const { name } = item;
    return html`<li class=${item.state}>
      <span class="picture">
        ${item.preview ? html`<img src=${item.preview} alt="" @error=${(event) => event.target.remove()} />` : icon(fileIcon(item.type || ""))}
      </span>
      <div>
        <div class="name" title=${name}>${name}</div>
        <div class="state">${this.#state(item)}</div>
      </div>
      <span class="row">
        ${
          item.state === "failed"
            ? html`<button
                class="plain compact icon-only"
                aria-label=${t("file.retry", { name })}
                @click=${() => this.uploads.retry(item.id)}
              >
                ${icon("rotate-ccw")}
              </button>`
            : nothing
        }
        <button
          class="plain compact icon-only"
          aria-label=${t(running ? "file.cancel" : "file.remove", { name })}
          @click=${() => ((this.refusal = ""), this.uploads.remove(item.id))}
        >
          ${icon("x")}
        </button>
      </span>
      ${
        running
          ? html`<progress
              max="1"
              .value=${item.progress}
              aria-label=${t("file.progress", { name, percent: this.#state(item) })}
            ></progress>`
          : nothing
      }
    </li>`;
  }

  render() {
    const items = this.uploads?.items ?? [];
    const done = items.filter((item) => item.state === "done").at(-1);
    return html`${
        items.length
          ? html`<ul aria-label=${t("file.label")}>
              ${items.map((item) => this.#item(item))}
            </ul>`
          : nothing
      }
      <span class="hidden" role="status">${done ? t("file.uploaded", { name: done.name }) : ""}</span>
      <div role="alert">
        ${this.refusal ? html`<p class="error">${icon("circle-alert")}${this.refusal}</p>` : nothing}
      </div>`;
  }
}

define("cf-uploads", CfUploads);
