/** The agent as systemd's service: a user's own systemd where that can be had, and socket activation by hand everywhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startWorld, type World } from "../../lab/world.ts";
import { ARTEFACT, finish, Home, IS_NODE, succeeded } from "./harness.ts";
import { withPrograms } from "./programs.ts";
import { canHaveUserManager, USER, withUserManager } from "./user-manager.ts";

let world: World;
let home: Home;

beforeAll(async () => {
  world = await startWorld({ mail: "none" });
  home = new Home(world);
  const config = join(home.folder, ".config/mailkey");
  mkdirSync(config, { recursive: true, mode: 0o700 });
  copyFileSync(world.caFile, join(home.folder, "ca.pem"));
  writeFileSync(join(config, "config.toml"), `[network]\nca_file = "~/ca.pem"\n`);
  succeeded(await home.mailkey(["vault", "init", "age"]));
  succeeded(await home.add(["--no-test"]));
});
afterAll(async () => {
  home.dispose();
  await world.stop();
});

withPrograms(["systemd-analyze"])("socket activation", () => {
  test("the agent answers on the socket that it was started with, and the first client waits for it", async () => {
    const socket = join(home.folder, "run/mailkey/agent.sock");
    mkdirSync(join(home.folder, "run/mailkey"), { recursive: true, mode: 0o700 });
    const words = ["--listen", socket, ...environmentFlags(), ARTEFACT, "agent", "run"];
    const ended = finish(spawn("systemd-socket-activate", words, { env: home.environment(), stdio: "pipe" }));
    while (!existsSync(socket)) await Bun.sleep(10);
    const before = world.refreshCount();
    const { stdout } = succeeded(await home.mailkey(["agent", "status", "--json"]));
    expect(JSON.parse(stdout)).toMatchObject({ started_by: "socket", socket });
    expect((await home.mailkey(["token", home.address])).stdout).toMatch(/^\S+\n$/);
    expect(world.refreshCount() - before).toBeLessThan(2);
    succeeded(await home.mailkey(["agent", "stop"]));
    await ended;
    // Whoever made the socket removes it: systemd has listened on before the agent was there, and goes on.
    expect(existsSync(socket)).toBe(true);
  });
});

/** It hands on nothing of its environment by itself. */
function environmentFlags(): string[] {
  return Object.keys(home.environment()).flatMap((name) => ["-E", name]);
}

const withSystemd = canHaveUserManager() ? withPrograms(["systemd-analyze", "gpg"]) : describe.skip;

// The unit runs one file, which is what the executable is.
if (!IS_NODE)
  withSystemd("a user's systemd", () => {
    test("has the agent as its service: in a sandbox that gpg and its agent work in, started by its socket, started again, and taken out", async () => {
      mkdirSync(join(home.folder, "bin"));
      copyFileSync(ARTEFACT, join(home.folder, "bin/mailkey"));
      writeFileSync(join(home.folder, "script"), script(home.address));
      expect(spawnSync("chown", ["-R", `${USER}:${USER}`, home.folder]).status).toBe(0);
      const { stdout, stderr, status } = await withUserManager(join(home.folder, "script"), home.folder);
      if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
      const said = saidAt(stdout);
      expect(said["enabled"]).toBe("enabled\nenabled\n");
      expect(said["vault"]).toContain("gpg");
      expect(said["sandbox"]).toBe("NoNewPrivs 1\nSeccomp 2\n0 0 bytes\n");
      expect(said["token"]).toMatch(/^\S+\n$/);
      expect(said["file"]).toBe(said["token"] as string);
      expect(said["stop"]).toBe("");
      expect(said["again"]).toBe(said["token"] as string);
      expect(said["killed"]).toBe(said["token"] as string);
      expect(said["reinstall"]).not.toContain("write ");
      expect(said["uninstall"]).toContain("remove ~/.config/systemd/user/mailkey-agent.service\n");
      expect(said["left"]).toBe(`/run/user/${USER}/mailkey/agent.lock\n`);
      // The first agent renewed what add had obtained, or not; all the others found it.
      expect(world.refreshCount()).toBeLessThan(2);
    });
  });

/** What came after each `== WORD`. */
function saidAt(stdout: string): Record<string, string | undefined> {
  return Object.fromEntries(stdout.split("\n== ").map((part) => part.split(/\n([^]*)/, 2)));
}

function script(address: string): string {
  const mailkey = "$HOME/bin/mailkey";
  return `
say() { printf '\\n== %s\\n' "$1"; }
pid() { systemctl --user show --property=MainPID --value mailkey-agent; }
say vault; gpg --quiet --batch --passphrase '' --quick-gen-key mailkey-test future-default default never
${mailkey} vault move gpg --recipient mailkey-test; gpgconf --kill all; ${mailkey} vault --json | grep '"active"'
say install; ${mailkey} agent install
say enabled; systemctl --user is-enabled mailkey-agent.socket mailkey-agent.service
say token; ${mailkey} token ${address}
say sandbox; first=$(pid); sed -n 's/^\\(NoNewPrivs\\|Seccomp\\):\\t/\\1 /p' /proc/$first/status; sed -n 's/^Max core file size *//p' /proc/$first/limits | tr -s ' ' | sed 's/ $//'
say file; ${mailkey} agent token-file ${address} > /dev/null
file="$XDG_RUNTIME_DIR/mailkey/tokens/${address}"
until [ -f "$file" ]; do sleep 0.05; done; cat "$file"
say stop; ${mailkey} agent stop; until [ "$(pid)" = 0 ]; do sleep 0.05; done; ls "$XDG_RUNTIME_DIR/mailkey/tokens"
say again; ${mailkey} token ${address}; [ "$(pid)" != 0 ]
say killed; second=$(pid); kill -KILL "$second"
until [ "$(pid)" != 0 ] && [ "$(pid)" != "$second" ]; do sleep 0.05; done; ${mailkey} token ${address}
say reinstall; ${mailkey} agent install
say uninstall; ${mailkey} agent uninstall; [ "$(pid)" = 0 ]
say left; find "$HOME/.config/systemd" "$XDG_RUNTIME_DIR/mailkey" ! -type d
`;
}
