/** The doctor with the real program: a new user's broken msmtp, mended by typing what is printed and nothing else. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeMailClients } from "../../lab/clients.ts";
import { freePorts } from "../../lab/ports.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { ARTEFACT, Home, succeeded, type Result } from "./harness.ts";
import { withPrograms } from "./programs.ts";

/** Whoever needs more rounds is not being helped. */
const MAX_ROUNDS = 4;

withPrograms(["dovecot", "msmtp"])("mailkey doctor", () => {
  let world: World;
  let home: Home;
  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot" });
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    home = new Home(world);
    mkdirSync(join(home.folder, "bin"));
    symlinkSync(ARTEFACT, join(home.folder, "bin", "mailkey"));
    home.env["PATH"] = `${join(home.folder, "bin")}:${home.environment()["PATH"]}`;
    // The lab's authority is everybody's in this home: for mailkey by its own setting.
    mkdirSync(join(home.folder, ".config", "mailkey"), { recursive: true, mode: 0o700 });
    writeFileSync(join(home.folder, ".config", "mailkey", "config.toml"), `[network]\nca_file = "${world.caFile}"\n`, {
      mode: 0o600,
    });
    succeeded(await home.mailkey(["vault", "init", "age"]));
    succeeded(await home.add());
  });
  afterEach(() => home.dispose());

  const send = (subject: string): Promise<Result> =>
    home.program("msmtp", [world.address], { input: `From: <${world.address}>\nSubject: ${subject}\n\nhello\n` });

  withPrograms(["mbsync", "XOAUTH2 for mbsync", "neomutt"])("in a healthy home", () => {
    test("has nothing to say, whichever mail programs are set up", async () => {
      const environment = home.environment();
      const options = { world, home: home.folder, tokenCommand: home.tokenCommand(), environment };
      const clients = writeMailClients(options);
      expect((await clients.sendWithMsmtp({ to: world.address, subject: "healthy", body: "hello" })).status).toBe(0);
      expect((await clients.fetchWithMbsync()).status).toBe(0);
      const { status, stdout, stderr } = await home.mailkey(["doctor"]);
      expect(stdout).toMatch(/^Nothing is wrong \(\d+ checks, 1 account\)\.\n$/);
      expect(status).toBe(0);
      expect(stderr).toMatch(/^examining: \d+ checks\n$/);
    });
  });

  test("mends three faults of msmtp at once, by what it prints alone", async () => {
    const transcript: string[] = [];
    const broken = msmtprc({ auth: "xoauth", helper: "bin/mailkey", starttls: "off" });
    const file = join(home.folder, ".msmtprc");
    writeFileSync(file, broken);
    chmodSync(file, 0o600);
    const before = await send("before");
    transcript.push("$ msmtp …", before.stderr);
    expect(before.status).not.toBe(0);

    for (let round = 1; ; round++) {
      const { status, stdout } = await home.mailkey(["doctor"]);
      transcript.push("$ mailkey doctor", stdout);
      if (status === 0) break;
      expect(round).toBeLessThan(MAX_ROUNDS);
      const commands = commandsIn(stdout);
      expect(commands).not.toEqual([]);
      for (const command of commands) {
        const result = await home.program("/bin/sh", ["-c", command]);
        transcript.push(`$ ${command}`, result.stdout + result.stderr);
        succeeded(result);
      }
    }

    const after = await send("after");
    transcript.push("$ msmtp …", after.stderr || "(sent)");
    if (process.env["SHOW_TRANSCRIPT"] !== undefined) console.log(transcript.join("\n"));
    succeeded(after);
    expect(world.inbox(world.address).some((text) => text.includes("Subject: after"))).toBe(true);
    // Only the three lines have changed.
    const lines = (await Bun.file(file).text()).split("\n");
    const changed = broken
      .split("\n")
      .flatMap((line, index) => (line === lines[index] ? [] : [line.trim().split(" ")[0]]));
    expect(changed).toEqual(["auth", "tls_starttls", "passwordeval"]);
  });

  test("finds what has become of what setup wrote", async () => {
    const file = join(home.folder, ".msmtprc");
    const setup = async () => succeeded(await home.mailkey(["setup", "msmtp", "--yes"]));
    await setup();
    succeeded(await home.mailkey(["doctor"]));
    succeeded(await send("set up"));

    writeFileSync(file, (await Bun.file(file).text()).replace("auth xoauth2", "auth plain"));
    const edited = await findings();
    expect(edited.map(({ check }) => check)).toEqual(["msmtp-auth", "setup-drift"]);
    expect(edited.map(({ remedy }) => remedy)).toEqual([["mailkey setup msmtp"], ["mailkey setup msmtp"]]);
    await setup();
    expect(await findings()).toEqual([]);

    // Another server than the one that was written.
    const account = join(home.folder, ".config", "mailkey", "accounts", `${world.address}.toml`);
    const text = await Bun.file(account).text();
    writeFileSync(account, text.replace(/(\[servers\.smtp\]\nhost = )"localhost"/, '$1"127.0.0.1"'));
    const stale = await findings();
    expect(stale.map(({ seen }) => seen)).toContain(`${file} is not what setup would write now`);
    writeFileSync(account, text);

    succeeded(await home.mailkey(["remove", world.address, "--yes"]));
    expect((await findings()).map(({ check }) => check)).toContain("setup-drift");
  });

  const CAUSES: readonly [string, string, () => Promise<void> | void][] = [
    ["a revoked sign-in", "renewal", () => world.revokeGrants(world.address)],
    ["a provider that is down", "provider-reach", () => world.stopAuthorizationServer()],
    [
      "an authority that nobody trusts",
      "provider-tls",
      () => {
        rmSync(join(home.folder, ".config", "mailkey", "config.toml"));
        home.env["NODE_EXTRA_CA_CERTS"] = "";
      },
    ],
    [
      "a proxy that does not listen",
      "proxy",
      async () => {
        const [port = 0] = await freePorts(1);
        home.env["HTTPS_PROXY"] = `http://127.0.0.1:${port}`;
      },
    ],
  ];

  test.each(CAUSES)("tells the one cause of %s, and none of its effects", async (_name, check, breakIt) => {
    await breakIt();
    try {
      expect((await findings()).map((finding) => finding.check)).toEqual([check]);
    } finally {
      await world.startAuthorizationServer();
    }
  });

  interface ShownFinding {
    readonly check: string;
    readonly seen: string;
    readonly remedy: readonly string[];
  }

  async function findings(): Promise<ShownFinding[]> {
    const { stdout } = await home.mailkey(["doctor", "--json"]);
    return (JSON.parse(stdout) as { findings: ShownFinding[] }).findings;
  }

  function msmtprc({ auth = "xoauth2", helper = ARTEFACT, starttls = "on" } = {}): string {
    return `# My mail
defaults
  tls on
  tls_trust_file ${world.caFile}

account lab
  host localhost
  port ${world.servers.smtp?.port}
  auth ${auth}
  tls_starttls ${starttls}
  user ${world.address}
  from ${world.address}   
  passwordeval ${helper} token ${world.address}

account default : lab
`;
  }
});

/** What is to be typed: the lines below "To mend it:", further in than the text. */
function commandsIn(report: string): string[] {
  return report.split("\n").flatMap((line) => /^ {11}(\S.*)$/.exec(line)?.[1] ?? []);
}
