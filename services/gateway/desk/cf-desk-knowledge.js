/* <cf-desk-knowledge .app .place .hrefTo=${(place) => href}> the knowledge area of the desk: articles, questions and what was
   searched for. `place`: see places.js.

   Methods: focusSearch(). Events: cf-place (detail {href, replace}) · cf-title (detail {title}). */
import { base, controls } from "../web/base.js";
import { CfElement, css, define, html } from "../web/element.js";
import "../web/elements/cf-tabs.js";
import { t } from "../web/strings.js";
import { wordsOf } from "./author-parts.js";
import "./cf-author-article.js";
import "./cf-author-articles.js";
import "./cf-author-faq.js";
import "./cf-author-question.js";
import "./cf-author-searches.js";
import { PARTS } from "./places.js";

export class CfDeskKnowledge extends CfElement {
  static properties = {
    place: { attribute: false },
    hrefTo: { attribute: false },
    categories: { state: true },
  };

  static styles = [
    base,
    controls,
    css`
      :host {
        --cf-gutter: var(--cf-8);
      }
      .frame {
        max-width: 1360px;
        margin-inline: auto;
        padding: var(--cf-4) var(--cf-gutter) var(--cf-12);
      }
      cf-tabs {
        margin: calc(-1 * var(--cf-2)) 0 var(--cf-5);
      }
      @media (max-width: 999px) {
        :host {
          --cf-gutter: var(--cf-4);
        }
        .frame {
          padding-block-start: var(--cf-3);
        }
      }
    `,
  ];

  #left = null;

  constructor() {
    super();
    this.categories = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#loadCategories();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!changed.has("place")) return;
    this.#left = changed.get("place") ?? null;
    // What is opened says its own title.
    if (!this.place.id) this.emit("cf-title", { title: t(`author.part.${this.place.part}`) });
  }

  updated() {
    const left = this.#left;
    this.#left = null;
    if (left) this.#moveFocus(left, this.place);
  }

  #moveFocus(left, { part, id }) {
    const inside = left.part === part;
    // Another view or filter of the same, or a new article that has got its address: its author is there already.
    if (inside && (left.id === id || (left.id === "new" && id))) return;
    const shown = this.renderRoot.querySelector("[data-view]");
    if (inside && !id && left.id !== "new") shown.focusRow(left.id);
    else if (this.renderRoot.activeElement?.tagName !== "CF-TABS") shown.toHeading();
  }

  focusSearch() {
    this.renderRoot.querySelector("cf-author-articles")?.focusSearch();
  }

  async #loadCategories() {
    try {
      this.categories = (await this.app.api.get("/kb/categories")).data.items;
    } catch (error) {
      this.app.notify(t("author.categories.failed", { reason: wordsOf(error) }), {
        kind: "danger",
        action: { label: t("app.retry"), run: () => this.#loadCategories() },
      });
    }
  }

  #shown() {
    const { app, place, categories, hrefTo } = this;
    const { part, id } = place;
    if (part === "searches")
      return html`<cf-author-searches data-view .app=${app} .place=${place} .hrefTo=${hrefTo}></cf-author-searches>`;
    if (part === "faq")
      return id
        ? html`<cf-author-question
            data-view
            .app=${app}
            .place=${place}
            .categories=${categories}
            .hrefTo=${hrefTo}
          ></cf-author-question>`
        : html`<cf-author-faq
            data-view
            .app=${app}
            .place=${place}
            .categories=${categories}
            .hrefTo=${hrefTo}
          ></cf-author-faq>`;
    return id
      ? html`<cf-author-article
          data-view
          .app=${app}
          .place=${place}
          .categories=${categories}
          .hrefTo=${hrefTo}
        ></cf-author-article>`
      : html`<cf-author-articles
          data-view
          .app=${app}
          .place=${place}
          .categories=${categories}
          .hrefTo=${hrefTo}
        ></cf-author-articles>`;
  }

  render() {
    const { part, id } = this.place;
    if (id) return html`<div class="frame">${this.#shown()}</div>`;
    const tabs = PARTS.map((one) => ({ id: one, label: t(`author.part.${one}`), href: this.hrefTo({ part: one }) }));
    return html`<div class="frame">
      <cf-tabs
        label=${t("author.parts")}
        .tabs=${tabs}
        selected=${part}
        @cf-tab=${({ detail }) => this.emit("cf-place", { href: detail.href })}
      ></cf-tabs>
      <div id="panel-${part}" role="tabpanel" aria-label=${t(`author.part.${part}`)}>${this.#shown()}</div>
    </div>`;
  }
}

define("cf-desk-knowledge", CfDeskKnowledge);
