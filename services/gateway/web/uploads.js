/* Files on their way to the server: three at a time, each with progress, cancel and retry.

   Item: {id, name, size, type, state, progress (0–1), attachment, problem, preview (object URL of an image)}
     state: "waiting" | "uploading" | "done" | "failed"
   Events: change · refused (detail {words}) · uploaded (detail {item}) */
import { ApiError, newKey } from "./api.js";
import { t } from "./strings.js";

export const MOST_FILES = 10;
const MOST_BYTES = 25 * 1024 * 1024;
const PARALLEL = 3;
const PROGRAMS = /\.(exe|msi|bat|cmd|com|scr|ps1|vbs|jar|app|apk|dmg|deb|rpm|dll|so)$/i;

export class Uploads extends EventTarget {
  items = [];
  #api;

  constructor(api) {
    super();
    this.#api = api;
  }

  /** Those that are on the server: [Attachment]. */
  get attachments() {
    return this.items.filter((item) => item.state === "done").map((item) => item.attachment);
  }

  get busy() {
    return this.items.some((item) => item.state === "waiting" || item.state === "uploading");
  }

  get failed() {
    return this.items.some((item) => item.state === "failed");
  }

  add(files) {
    for (const file of files) {
      const refusal = this.#refusal(file);
      if (refusal) {
        this.dispatchEvent(new CustomEvent("refused", { detail: { words: refusal } }));
        continue;
      }
      this.items = [
        ...this.items,
        {
          id: newKey(),
          file,
          key: newKey(),
          name: file.name || "image.png",
          size: file.size,
          type: file.type,
          state: "waiting",
          progress: 0,
          attachment: null,
          problem: null,
          preview: /^image\/(png|jpeg|gif|webp)$/.test(file.type) ? URL.createObjectURL(file) : null,
        },
      ];
    }
    this.#changed();
    this.#pump();
  }

  /** Show files that are on the server already, as those of a draft. */
  restore(attachments) {
    this.items = attachments.map((attachment) => ({
      id: attachment.id,
      name: attachment.filename,
      size: attachment.size,
      type: attachment.content_type,
      state: "done",
      progress: 1,
      attachment,
      problem: null,
      preview: null,
    }));
    this.#changed();
  }

  /** Take one away; a running upload is cancelled. */
  remove(id) {
    const item = this.items.find((one) => one.id === id);
    item?.abort?.abort();
    this.#forget(item);
    this.items = this.items.filter((one) => one.id !== id);
    this.#changed();
    this.#pump();
  }

  retry(id) {
    this.#set(id, { state: "waiting", progress: 0, problem: null });
    this.#pump();
  }

  clear() {
    for (const item of this.items) {
      item.abort?.abort();
      this.#forget(item);
    }
    this.items = [];
    this.#changed();
  }

  #forget(item) {
    if (item?.preview) URL.revokeObjectURL(item.preview);
  }

  #refusal(file) {
    if (this.items.length >= MOST_FILES) return t("file.too_many");
    if (file.size > MOST_BYTES) return t("file.too_large", { name: file.name });
    if (file.size === 0) return t("file.empty", { name: file.name });
    return PROGRAMS.test(file.name) ? t("file.refused", { name: file.name }) : null;
  }

  #pump() {
    const running = this.items.filter((item) => item.state === "uploading").length;
    const next = this.items.filter((item) => item.state === "waiting").slice(0, PARALLEL - running);
    for (const item of next) this.#upload(item);
  }

  async #upload({ id, file, key }) {
    const abort = new AbortController();
    this.#set(id, { state: "uploading", abort });
    try {
      const attachment = await this.#api.upload(file, {
        key,
        signal: abort.signal,
        onProgress: (progress) => this.#set(id, { progress }),
      });
      this.#set(id, { state: "done", progress: 1, attachment });
      const item = this.items.find((one) => one.id === id);
      if (item) this.dispatchEvent(new CustomEvent("uploaded", { detail: { item } }));
    } catch (error) {
      if (error.name === "AbortError") return;
      const words =
        error instanceof ApiError ? (Object.values(error.errors)[0]?.[0] ?? error.words) : error.message;
      this.#set(id, { state: "failed", problem: words });
    }
    this.#pump();
  }

  #set(id, change) {
    this.items = this.items.map((item) => (item.id === id ? { ...item, ...change } : item));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Let files be dropped anywhere on `element`: onFiles(files); `onOver(true|false)` while they hover. */
export function dropTarget(element, { onFiles, onOver = () => {} }) {
  let depth = 0;
  const withFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const handlers = {
    dragenter: (event) => {
      if (!withFiles(event)) return;
      event.preventDefault();
      depth += 1;
      onOver(true);
    },
    dragover: (event) => withFiles(event) && event.preventDefault(),
    dragleave: (event) => {
      if (!withFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) onOver(false);
    },
    drop: (event) => {
      if (!withFiles(event)) return;
      event.preventDefault();
      depth = 0;
      onOver(false);
      onFiles([...event.dataTransfer.files]);
    },
  };
  for (const [type, handler] of Object.entries(handlers)) element.addEventListener(type, handler);
  return () => {
    for (const [type, handler] of Object.entries(handlers)) element.removeEventListener(type, handler);
  };
}
