/* <cf-author-aside .app .items=${[{text, by, at}]} .mine=${text} .fields body="body"> texts that somebody chose against:
   to be looked at, brought back or forgotten. Events: cf-bring (detail {index}) · cf-forget (detail {index}). */
import { base, controls } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { author } from "./author-styles.js";
import "./cf-author-diff.js";

export class CfAuthorAside extends CfElement {
  static properties = {
    items: { attribute: false },
    mine: { attribute: false },
    fields: { attribute: false },
    body: {},
    compared: { state: true },
  };

  static styles = [
    base,
    controls,
    author,
    css`
      .banner {
        background: var(--cf-surface);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-1) var(--cf-3);
        align-items: center;
        padding: var(--cf-1) 0;
      }
      .head span {
        margin-inline-end: auto;
      }
    `,
  ];

  constructor() {
    super();
    this.items = [];
    this.compared = null;
  }

  #item({ text, by, at }, index) {
    const open = this.compared === at;
    const who = by === this.app.me.name ? t("author.aside.mine") : t("author.aside.of", { who: by });
    const tell = (event) => {
      this.compared = null;
      this.emit(event, { index });
    };
    return html`<li>
      <div class="head">
        <span>${who}, <cf-time at=${at} quiet></cf-time></span>
        <button class="compact" aria-expanded=${open} @click=${() => (this.compared = open ? null : at)}>
          ${t("author.aside.compare")}
        </button>
        <button class="compact" @click=${() => tell("cf-bring")}>${icon("undo-2")}${t("author.aside.bring")}</button>
        <button class="compact plain" @click=${() => tell("cf-forget")}>${t("author.aside.forget")}</button>
      </div>
      ${
        open
          ? html`<cf-author-diff
              .app=${this.app}
              .before=${text}
              .after=${this.mine}
              .fields=${this.fields}
              .body=${this.body}
            ></cf-author-diff>`
          : nothing
      }
    </li>`;
  }

  render() {
    if (this.items.length === 0) return nothing;
    return html`<section class="banner" aria-labelledby="aside">
      <h3 id="aside">${t("author.aside", { n: this.items.length })}</h3>
      <p class="hint">${t("author.aside.hint")}</p>
      <ul>
        ${this.items.map((item, index) => this.#item(item, index))}
      </ul>
    </section>`;
  }
}

define("cf-author-aside", CfAuthorAside);
