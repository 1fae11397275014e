/* <cf-author-conflict .app .mine=${text} .theirs=${text} by="Jonas" at="…" .fields body="body" ?busy> two authors wrote at
   once: both texts with their differences. What is written goes on below, so the differences follow it.

   Method: focus(). Events: cf-keep (mine is saved in place of theirs) · cf-take (theirs is gone on with). */
import { base, controls } from "../web/base.js";
import { CfElement, css, define, html } from "../web/element.js";
import { t } from "../web/strings.js";
import { absolute } from "../web/time.js";
import { author } from "./author-styles.js";
import "./cf-author-diff.js";

export class CfAuthorConflict extends CfElement {
  static properties = {
    mine: { attribute: false },
    theirs: { attribute: false },
    by: {},
    at: {},
    fields: { attribute: false },
    body: {},
    busy: { type: Boolean },
  };

  static styles = [
    base,
    controls,
    author,
    css`
      .banner.warn {
        gap: var(--cf-3);
        background: var(--cf-surface);
        box-shadow: inset 3px 0 var(--cf-warn);
      }
      h3:focus-visible {
        outline: none;
      }
      button {
        white-space: normal;
      }
      .differences {
        max-height: 50dvh;
        overflow-y: auto;
      }
    `,
  ];

  async focus() {
    await this.updateComplete;
    const heading = this.renderRoot.querySelector("h3");
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: "center" });
  }

  render() {
    const who = this.by || t("author.conflict.somebody");
    return html`<section class="banner warn" aria-labelledby="conflict">
      <h3 id="conflict" tabindex="-1">${t("author.conflict.title", { who })}</h3>
      <p>
        ${this.at ? t("author.conflict.at", { time: absolute(new Date(this.at)) }) : ""}
        ${t("author.conflict.text")}
      </p>
      <p class="hint">${t("author.conflict.legend")}</p>
      <div class="differences" tabindex="0" role="group" aria-label=${t("author.conflict.differences")}>
        <cf-author-diff
          .app=${this.app}
          .before=${this.theirs}
          .after=${this.mine}
          .fields=${this.fields}
          .body=${this.body}
        ></cf-author-diff>
      </div>
      <div class="row wrap">
        <button class="primary" aria-disabled=${this.busy} @click=${() => this.busy || this.emit("cf-keep")}>
          ${t("author.conflict.keep")}
        </button>
        <button aria-disabled=${this.busy} @click=${() => this.busy || this.emit("cf-take")}>
          ${t("author.conflict.take")}
        </button>
      </div>
    </section>`;
  }
}

define("cf-author-conflict", CfAuthorConflict);
