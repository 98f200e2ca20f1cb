import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { fdm } from "../../src/clients/fdm.ts";
import { isAtLeast } from "../../src/clients/version.ts";
import { mailAccount, renderRequest, textFor } from "../clients/rendering.ts";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["fdm"], "fdm", (mailbox) => {
  const check = (text: string) => {
    const file = mailbox.path("fdm.conf");
    writeFileSync(file, text);
    chmodSync(file, 0o600);
    return mailbox.run("fdm", ["-n", "-vv", "-f", file]);
  };

  test("takes what setup writes for newer versions, but in this one not the word for the mechanism", async () => {
    const command = mailbox.path("token");
    writeFileSync(command, '#!/bin/sh\necho called >>"$0.log"\necho token\n', { mode: 0o755 });
    const account = mailAccount(mailbox.address, { tokenCommand: [command, "token", mailbox.address] });
    const text = textFor(
      await fdm.render(renderRequest([account], { home: mailbox.home.folder })),
      mailbox.path(".fdm.conf"),
    );
    const plain = await check(text.replace(" xoauth2 ", " "));
    expect(plain.stderr).toContain('added account "anna-mail-test": fetch=imaps server');
    expect(plain.stderr).toContain("added rule 0");
    expect(await Bun.file(`${command}.log`).text()).toBe("called\n");
    const version = await mailbox.version("fdm");
    if (isAtLeast(version, "2.1")) {
      expect((await check(text)).status).toBe(0);
      return;
    }
    expect((await check(text)).stderr).toContain("unknown token: xoauth2");
    const refused = await mailbox.home.mailkey(["setup", "fdm", "--yes"]);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain(`fdm ${version} cannot use tokens`);
    proved({ recipe: "fdm", program: "fdm", version, fetches: false, sends: false, how: "knows no tokens; 2.1 does" });
  });
});
