import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { loadAllProviders } from "../../src/providers/registry.ts";
import { summarize, providersTable } from "../../src/providers/summary.ts";

const page = readFileSync(new URL("../../docs/providers.md", import.meta.url), "utf8");

test("docs/providers.md has the registry's table: when this fails, put the expected text there", async () => {
  const table = /<!-- table -->\n\n([^]*?)\n<!-- \/table -->/.exec(page)?.[1];
  expect(table).toBe(providersTable(await loadAllProviders()));
});

test("docs/providers.md says what the three degrees of certainty mean", () => {
  for (const degree of ["verified", "reported", "unverified"]) expect(page).toContain(`**${degree}**`);
});

test("a summary says whose registration is used, and what a person has to bring", async () => {
  const summaries = Object.fromEntries(
    (await loadAllProviders()).map((provider) => [provider.id, summarize(provider)]),
  );
  expect(summaries["microsoft-personal"]).toMatchObject({
    signIn: "OAuth2: browser, or device code",
    protocols: "IMAP, POP, SMTP, Graph",
    client: "Mozilla Thunderbird",
  });
  expect(summaries["yahoo"]).toMatchObject({ signIn: "OAuth2: browser, with pasting" });
  expect(summaries["google"]).toMatchObject({ client: "your own, or Mozilla Thunderbird with its secret" });
  expect(summaries["zoho"]).toMatchObject({ client: "your own", protocols: "IMAP, POP" });
  expect(summaries["icloud"]).toMatchObject({ signIn: "password only", client: "none" });
});
