import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { withMailbox } from "./harness.ts";
import { proved } from "./proof.ts";

withMailbox(["vdirsyncer"], "vdirsyncer", (mailbox) => {
  test("sends what its command prints as a password only, knows no other way, and setup says so", async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401, { "WWW-Authenticate": "Bearer", Connection: "close" }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const discover = (extra: string) => {
      const file = mailbox.path("vdirsyncer.conf");
      writeFileSync(file, configuration(mailbox.home.folder, port, extra));
      return mailbox.run("vdirsyncer", ["-c", file, "discover"], { input: "n\nn\n" });
    };
    try {
      await discover("");
      const basic = `Basic ${Buffer.from("anna:not-a-token").toString("base64")}`;
      expect(seen.length).toBeGreaterThan(0);
      expect(new Set(seen)).toEqual(new Set([basic]));
      const bearer = await discover('auth = "bearer"\n');
      expect(bearer.stdout + bearer.stderr).toContain("Unknown authentication method: bearer");
    } finally {
      server.close();
    }
    const refused = await mailbox.home.mailkey(["setup", "vdirsyncer", "--yes"]);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain("vdirsyncer sends passwords only");
    const version = await mailbox.version("vdirsyncer");
    const how = "sends passwords only; tokens for mail open no calendar";
    proved({ recipe: "vdirsyncer", program: "vdirsyncer", version, fetches: false, sends: false, how });
  });
});

function configuration(folder: string, port: number, extra: string): string {
  return `[general]
status_path = "${folder}/status/"
[pair all]
a = "here"
b = "there"
collections = null
[storage here]
type = "filesystem"
path = "${folder}/calendars/"
fileext = ".ics"
[storage there]
type = "caldav"
url = "http://127.0.0.1:${port}/"
username = "anna"
password.fetch = ["command", "echo", "not-a-token"]
${extra}`;
}
