import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { CATALOGUE, entryOf } from "../../src/explain/catalogue.ts";
import { fillEntry } from "../../src/explain/fill.ts";

const HOSTILE = "o'brien$(touch pwned)`id`\";#%@example.com";
const values = {
  address: HOSTILE,
  clientId: "9e5f94bc; rm -rf ~",
  imapHost: "imap.example.com",
  smtpHost: "smtp.example.com",
  helper: ["/home/me/my bin/mailkey", "token", HOSTILE],
};

test("an account's values take all of their places", () => {
  for (const entry of CATALOGUE) {
    const { why, more = "", steps } = fillEntry(entry, values);
    for (const text of [why, more, ...steps.flatMap(({ say, type = "" }) => [say, type])])
      expect(text).not.toMatch(/\b(?:ADDRESS|CLIENT|IMAP_HOST|SMTP_HOST|HELPER)\b/);
  }
});

test("without an account the places keep their words, and the helper is mailkey's command", () => {
  expect(fillEntry(entryOf("AADSTS700082"), {}).steps[0].type).toBe("mailkey login ADDRESS");
  expect(fillEntry(entryOf("passcmd-empty"), {}).steps[0].type).toBe("mailkey token ADDRESS");
});

test("a hostile address runs nothing in a shell: it stays one word", () => {
  const lines = CATALOGUE.flatMap((entry) => fillEntry(entry, values).steps)
    .filter((step) => step.in === undefined && step.type?.includes("pwned") === true)
    .map(({ type }) => type ?? "");
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) {
    const words = spawnSync("sh", ["-c", `printf '%s\\n' ${line.replace(/^mailkey /, "")}`], { encoding: "utf8" });
    expect(words.stderr).toBe("");
    expect(words.stdout.split("\n")).toContain(HOSTILE);
  }
});

test("a value with lines of its own stays on the line of its command, and sends nothing to the terminal", () => {
  const hostile = "x\ntouch pwned\n\u001b]0;hacked\u0007\u009b";
  const lines = (entry: (typeof CATALOGUE)[number], clientId: string) =>
    fillEntry(entry, { ...values, clientId }).steps.flatMap(({ say, type = "" }) => `${say}\n${type}`.split("\n"));
  for (const entry of CATALOGUE) {
    const filled = lines(entry, hostile);
    expect(filled).toHaveLength(lines(entry, "x").length);
    expect(filled.join("")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  }
});

test("an administrator's PowerShell gets the address as one string", () => {
  const address = "o'brien\u2019$(x)@example.com";
  expect(fillEntry(entryOf("smtp-auth-disabled"), { address }).steps[0].type).toBe(
    "Set-CASMailbox -Identity 'o''brien\u2019\u2019$(x)@example.com' -SmtpClientAuthenticationDisabled $false",
  );
});
