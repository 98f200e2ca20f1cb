import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { pageHeaders, renderPage } from "../../src/signin/page.ts";

const HOSTILE = `</main><script>alert("1")</script><img src=x onerror='alert(1)'>&lt;`;

describe("the page", () => {
  const html = renderPage({
    tone: "bad",
    title: HOSTILE,
    text: [HOSTILE, "Second."],
    quote: HOSTILE,
  });

  test("shows a peer's words as words", () => {
    expect(html).not.toContain("<script");
    expect(html).not.toContain("<img");
    expect(html.split("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;").length).toBe(5); // title twice, text, quote
    expect(html).toContain("&amp;lt;");
  });

  test("has no scripts and loads nothing", () => {
    const plain = renderPage({ tone: "good", title: "Signed in", text: ["You can close this page."] });
    expect(plain).not.toMatch(/<script|javascript:|https?:|<form|<iframe|@import|url\(| on\w+=/i);
  });

  test("has a policy that allows its own style sheet and nothing else", () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    const { "content-security-policy": policy, ...headers } = pageHeaders();
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(headers).toMatchObject({ "referrer-policy": "no-referrer", "cache-control": "no-store" });
    expect(html).not.toContain(" style="); // inline styles are not covered by the hash
  });
});
