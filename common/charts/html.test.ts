import { expect, test } from "vitest";
import { html } from "./html.js";

test("escapes what is filled in, and keeps markup made by itself", () => {
  const hostile = `<script>alert("x & 'y'")</script>`;
  expect(html`<p title="${hostile}">${html`<b>${hostile}</b>`}</p>`.markup).toBe(
    `<p title="&lt;script&gt;alert(&quot;x &amp; &#39;y&#39;&quot;)&lt;/script&gt;">` +
      `<b>&lt;script&gt;alert(&quot;x &amp; &#39;y&#39;&quot;)&lt;/script&gt;</b></p>`
  );
});

test("joins lists and leaves out what is undefined", () => {
  expect(html`${[1, html`<i></i>`, ["<", undefined]]}${undefined}`.markup).toBe("1<i></i>&lt;");
});
