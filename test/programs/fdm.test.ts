import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { fdm } from "../../src/clients/fdm.ts";
import { isAtLeast } from "../../src/clients/version.ts";
import { mailAccount, renderRequest, textFor } from "../clients/rendering.ts";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";
import { handOver } from "./unprivileged.ts";

withMailbox(["fdm"], "fdm", (mailbox) => {
  const check = (text: string) => {
    const file = mailbox.path("fdm.conf");
    writeFileSync(file, text);
    chmodSync(file, 0o600);
    return mailbox.run("fdm", ["-n", "-vv", "-f", file]);
  };

  test("takes what setup writes for newer versions, but in an old one not the word for the mechanism", async () => {
    const command = mailbox.path("token");
    writeFileSync(command, '#!/bin/sh\necho called >>"$0.log"\necho token\n', { mode: 0o755 });
    const account = mailAccount(mailbox.address, { tokenCommand: [command, "token", mailbox.address] });
    const request = renderRequest([account], { home: mailbox.home.folder, way: "token" });
    const text = textFor(await fdm.render(request), mailbox.path(".fdm.conf"));
    const plain = await check(text.replace(" xoauth2 ", " "));
    expect(plain.stderr).toContain('added account "anna-mail-test": fetch=imaps server');
    expect(plain.stderr).toContain("added rule 0");
    expect(await Bun.file(`${command}.log`).text()).toBe("called\n");
    const isNew = isAtLeast(await mailbox.version("fdm"), "2.1");
    const result = await check(text);
    if (isNew) expect(result.status).toBe(0);
    else expect(result.stderr).toContain("unknown token: xoauth2");
  });

  test("fetches through mailkey with the file that setup wrote", async () => {
    const version = await mailbox.version("fdm");
    // It does not ask HOME where the home folder is.
    const file = mailbox.path(".fdm.conf");
    writeFileSync(file, `set lock-file "${mailbox.path(".fdm.lock")}"\n`, { mode: 0o600 });
    const owner = handOver(mailbox); // as root it would fetch as another user
    const setUp = await owner.mailkey(["setup", "fdm", "--by", "tunnel", "--yes"]);
    expect([setUp.status, setUp.stderr]).toEqual([0, expect.stringContaining("wrote ~/.fdm.conf")]);
    await mailbox.deliver("first for fdm");
    await owner.runs("fdm", ["-f", file, "fetch"]);
    expect(mailbox.fetched("first for fdm", "Maildir", "anna-mail-test-fdm", "INBOX")).toContain("Hello.");
    proved({ recipe: "fdm", program: "fdm", version, fetches: true, sends: false, how: "IMAP, by tunnel" });
  });
});
