/* <cf-rating .value=${{score, comment}|null} label="Solved, thanks"> one to five as a radio group, and a comment.
   Event: cf-rate (detail {score, comment}). */
import { LitElement, css, html, nothing } from "lit";
import { base, controls } from "../base.js";
import { define } from "../element.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";

export class CfRating extends LitElement {
  static properties = {
    value: { attribute: false },
    label: {},
    busy: { type: Boolean },
    score: { state: true },
    comment: { state: true },
    missing: { state: true },
  };

  static styles = [
    base,
    controls,
    css`
      form {
        display: grid;
        gap: var(--cf-3);
        justify-items: start;
      }
      legend {
        margin-bottom: var(--cf-2);
        font-weight: 500;
      }
      .scores {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 6px;
      }
      label.score {
        position: relative;
        display: grid;
        place-items: center;
        width: 40px;
        height: 40px;
        border: 1px solid var(--cf-line-strong);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
        font-weight: 500;
        cursor: pointer;
      }
      label.score:hover {
        background: var(--cf-subtle);
      }
      label.score:has(:checked) {
        border-color: var(--cf-accent);
        background: var(--cf-accent);
        color: var(--cf-on-accent);
      }
      label.score:has(:focus-visible) {
        outline: 2px solid var(--cf-focus);
        outline-offset: 2px;
      }
      @media (forced-colors: active) {
        label.score:has(:checked) {
          border: 2px solid Highlight;
        }
      }
      label.score input {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        opacity: 0;
        cursor: pointer;
      }
      .word {
        margin-inline-start: var(--cf-2);
        color: var(--cf-text-2);
      }
      .field {
        width: 100%;
        max-width: 52ch;
      }
    `,
  ];

  constructor() {
    super();
    this.score = 0;
    this.comment = "";
    this.missing = false;
  }

  willUpdate(changed) {
    if (changed.has("value") && this.value) {
      this.score = this.value.score;
      this.comment = this.value.comment ?? "";
    }
  }

  #submit(event) {
    event.preventDefault();
    this.missing = this.score === 0;
    if (this.missing) {
      this.renderRoot.querySelector("input").focus();
      return;
    }
    const detail = { score: this.score, comment: this.comment.trim() };
    this.dispatchEvent(new CustomEvent("cf-rate", { detail, bubbles: true, composed: true }));
  }

  render() {
    return html`<form @submit=${this.#submit}>
      <fieldset>
        <legend>${t("rating.legend")}</legend>
        <div class="scores">
          ${[1, 2, 3, 4, 5].map(
            (score) =>
              html`<label class="score" title=${t(`rating.${score}`)}
                ><input
                  type="radio"
                  name="score"
                  aria-label=${t("rating.value", { score, word: t(`rating.${score}`) })}
                  .checked=${score === this.score}
                  @change=${() => ((this.score = score), (this.missing = false))}
                />${score}</label
              >`,
          )}
          <span class="word"
            >${this.score ? t(`rating.${this.score}`) : `1 = ${t("rating.1")}, 5 = ${t("rating.5")}`}</span
          >
        </div>
      </fieldset>
      <div role="alert">
        ${this.missing ? html`<p class="error">${icon("circle-alert")}${t("rating.missing")}</p>` : nothing}
      </div>
      ${
        this.score
          ? html`<div class="field">
              <label for="comment">${t("rating.comment")}</label>
              <textarea
                id="comment"
                rows="2"
                maxlength="2000"
                .value=${this.comment}
                @input=${(event) => (this.comment = event.target.value)}
              ></textarea>
            </div>`
          : nothing
      }
      <div class="row wrap">
        <button class="primary" ?disabled=${this.busy}>${icon("check")}${this.label}</button>
        <slot name="actions"></slot>
      </div>
    </form>`;
  }
}

define("cf-rating", CfRating);
