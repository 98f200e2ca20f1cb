/**
 * The page that the browser ends on: says what happened and what to do next. Plain HTML without scripts or anything from
 * elsewhere; whatever a peer said is escaped, and a policy forbids the browser to run it all the same.
 */
import { createHash } from "node:crypto";

export interface Page {
  readonly tone: "good" | "bad" | "neutral";
  readonly title: string;
  /** One paragraph each. */
  readonly text: readonly string[];
  /** The provider's own words. */
  readonly quote?: string | undefined;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1c1e; --soft: #5f6066; --paper: #ffffff; --field: #f2f2f4; --edge: #d9d9de;
  --good: #1a7f37; --bad: #b3261e; --neutral: #5f6066; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececee; --soft: #a5a6ad; --paper: #1c1c1f; --field: #2a2a2e; --edge: #3c3c42;
    --good: #57c374; --bad: #ff8a80; --neutral: #a5a6ad; } }
body { margin: 0; padding: 12vh 1.5rem 3rem; background: var(--field); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 2rem 2.25rem 1.5rem; background: var(--paper); border: 1px solid var(--edge);
  border-top: 4px solid var(--tone); border-radius: 6px; overflow-wrap: anywhere; }
.good { --tone: var(--good); } .bad { --tone: var(--bad); } .neutral { --tone: var(--neutral); }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
blockquote { margin: 0 0 1rem; padding: .1rem 0 .1rem 1rem; border-left: 3px solid var(--edge); color: var(--soft); }
footer { max-width: 34rem; margin: 1rem auto 0; color: var(--soft); font-size: .875rem; text-align: center; }
`;

export function renderPage(page: Page): string {
  const quote = page.quote === undefined ? "" : `<blockquote>${escapeHtml(page.quote)}</blockquote>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(page.title)} – mailkey</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main class="${page.tone}">
<h1>${escapeHtml(page.title)}</h1>
${page.text.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>\n`).join("")}${quote}</main>
<footer>This page comes from mailkey on this computer.</footer>
</body>
</html>
`;
}

/** Nothing is loaded, run, framed, sent or remembered; the address of this page holds a code. */
export function pageHeaders(): Readonly<Record<string, string>> {
  const style = createHash("sha256").update(STYLE).digest("base64");
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": `default-src 'none'; style-src 'sha256-${style}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    connection: "close",
  };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
