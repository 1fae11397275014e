/* <cf-files .app .files=${[Attachment]}> files of a message: pictures as thumbnails that open large, others by name
   and size. They are fetched with the reader's token, never through a public address. */
import { base, controls } from "../base.js";
import { CfElement, css, define, html, nothing } from "../element.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { fileSize } from "../time.js";
import "./cf-dialog.js";

const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const THUMBNAIL_BYTES = 8_000_000;

export function fileIcon(type) {
  if (type.startsWith("image/")) return "image";
  if (/zip|gzip|tar|compressed/.test(type)) return "file-archive";
  return type.startsWith("text/") || type === "application/pdf" ? "file-text" : "file";
}

export class CfFiles extends CfElement {
  static properties = { files: { attribute: false }, pictures: { state: true }, shown: { state: true } };

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
        max-width: 100%;
      }
      button.file {
        max-width: 100%;
        min-height: 40px;
        padding: 4px 10px;
        border-color: var(--cf-line);
        font-weight: 400;
        text-align: start;
      }
      .name {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .size {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      button.picture {
        width: 132px;
        height: 92px;
        padding: 0;
        overflow: hidden;
        border-color: var(--cf-line);
        background: var(--cf-subtle);
        color: var(--cf-text-2);
      }
      button.picture img {
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      img.large {
        display: block;
        max-width: 100%;
        max-height: calc(100dvh - 220px);
        margin: auto;
      }
    `,
  ];

  #seen = null;
  #loading = new Set();
  #broken = new Set();

  constructor() {
    super();
    this.files = [];
    this.pictures = new Map();
    this.shown = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#seen = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && this.#load(),
    );
    this.#seen.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#seen.disconnect();
    for (const url of this.pictures.values()) URL.revokeObjectURL(url);
    this.pictures = new Map();
    this.#loading.clear();
  }

  updated(changed) {
    if (changed.has("files") && changed.get("files")?.length) this.#load();
  }

  async #load() {
    const wanted = this.files.filter((file) => this.#isPicture(file) && !this.#loading.has(file.id));
    for (const file of wanted) {
      this.#loading.add(file.id);
      try {
        const blob = await this.app.api.blob(`/attachments/${file.id}?inline=1`);
        if (!this.isConnected) return;
        this.pictures = new Map(this.pictures).set(file.id, URL.createObjectURL(blob));
      } catch {
        this.#loading.delete(file.id);
      }
    }
  }

  #isPicture(file) {
    return PICTURES.has(file.content_type) && file.size <= THUMBNAIL_BYTES && !this.#broken.has(file.id);
  }

  /** What calls itself a picture and cannot be shown is a file like any other. */
  #onBroken(file) {
    this.#broken.add(file.id);
    this.requestUpdate();
  }

  async #download(file) {
    try {
      const blob = await this.app.api.blob(`/attachments/${file.id}`);
      const link = Object.assign(document.createElement("a"), {
        href: URL.createObjectURL(blob),
        download: file.filename,
      });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      this.app.notify(t("file.download_failed", { name: file.filename, reason: error.words ?? "" }), {
        kind: "danger",
      });
    }
  }

  #item(file) {
    const size = fileSize(file.size);
    if (this.#isPicture(file)) {
      const url = this.pictures.get(file.id);
      return html`<button
        class="picture"
        aria-label=${t("file.open", { name: file.filename, size })}
        title=${file.filename}
        @click=${() => (url ? (this.shown = file) : this.#download(file))}
      >
        ${url ? html`<img src=${url} alt="" @error=${() => this.#onBroken(file)} />` : icon("image")}
      </button>`;
    }
    return html`<button class="file" title=${file.filename} @click=${() => this.#download(file)}>
      ${icon(fileIcon(file.content_type))}<span class="hidden">${t("file.download")}</span
      ><span class="name">${file.filename}</span><span class="size">${size}</span>
    </button>`;
  }

  render() {
    const { shown } = this;
    return html`<ul aria-label=${t("file.label")}>
        ${this.files.map((file) => html`<li>${this.#item(file)}</li>`)}
      </ul>
      <cf-dialog
        wide
        heading=${shown?.filename ?? ""}
        .open=${shown !== null}
        @cf-close=${() => (this.shown = null)}
      >
        ${shown ? html`<img class="large" src=${this.pictures.get(shown.id)} alt=${shown.filename} />` : nothing}
        <button slot="actions" @click=${() => this.#download(shown)}>
          ${icon("download")}${shown ? t("file.save", { size: fileSize(shown.size) }) : ""}
        </button>
      </cf-dialog>`;
  }
}

define("cf-files", CfFiles);
