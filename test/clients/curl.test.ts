import { describe, expect, test } from "bun:test";
import { curl } from "../../src/clients/curl.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const FOLDER = "/home/anna/.config/curl-mailkey";
const env = { HOME: "/home/anna" };

describe("the curl recipe", () => {
  test("writes a script for each protocol that the account has", async () => {
    const rendering = await curl.render(renderRequest([mailAccount("anna@mail.test")], { env }));
    const paths = [`${FOLDER}/anna-mail-test-imap`, `${FOLDER}/anna-mail-test-smtp`] as const;
    expect(rendering.edits.map(({ path }) => path)).toEqual([...paths]);
    expect(rendering.notes[0]).toBe(
      `For anna@mail.test:\n    sh ${paths[0]} -X 'STATUS INBOX (MESSAGES UNSEEN)'\n    sh ${paths[1]} --mail-rcpt SOMEBODY -T - <MESSAGE-FILE`,
    );
  });

  test("insists on TLS, keeps the token off the command line and quotes addresses", async () => {
    const account = mailAccount(`o'b$(x)@mail.test`, { label: "o" });
    const text = textFor(await curl.render(renderRequest([account], { env })), `${FOLDER}/o-smtp`);
    expect(text).toContain("--url smtp://smtp.mail.test:587/ \\\n  --ssl-reqd \\\n");
    expect(text).toContain(`--user 'o'\\''b$(x)@mail.test:' \\\n`);
    expect(text).toContain(`--mail-from 'o'\\''b$(x)@mail.test' \\\n`);
    expect(text).toEndWith(`"$@" 3<<END\noauth2-bearer = "$token"\nEND\n`);
  });
});
