/**
 * A service of ours as a launch agent of a macOS user: runs from login to logout. launchd hands its sockets over by a call of its own, so
 * services listen by themselves there.
 *
 * @see launchd.plist(5)
 */
import { IDLE_ENVIRONMENT } from "../../platform/runtime.ts";

export interface LaunchOptions {
  readonly label: string;
  /** The command line, the program's absolute path first. */
  readonly words: readonly string[];
  /** What it needs to know of the environment of whoever installs it; nothing secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** A line for people at the beginning. */
  readonly comment: string;
}

/** The core dumps' limit, and the mask of modes in decimal: 0077. */
const LIMITS = `  <key>HardResourceLimits</key>
  <dict>
    <key>Core</key>
    <integer>0</integer>
  </dict>
  <key>Umask</key>
  <integer>63</integer>
`;

export function launchAgentPlist({ label, words, environment, comment }: LaunchOptions): string {
  const all = { ...IDLE_ENVIRONMENT, ...environment };
  const variables = Object.entries(all).map(([name, value]) => `    ${key(name)}\n    ${text(value)}\n`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${comment} -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${escaped(label)}</string>
  <key>ProgramArguments</key>
  <array>
${words.map((word) => `    ${text(word)}\n`).join("")}  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables.join("")}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ProcessType</key>
  <string>Background</string>
${LIMITS}</dict>
</plist>
`;
}

function key(name: string): string {
  return `<key>${escaped(name)}</key>`;
}

function text(value: string): string {
  return `<string>${escaped(value)}</string>`;
}

function escaped(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
