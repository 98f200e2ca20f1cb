/** A proxy in the environment that does not work: everything that goes to the provider fails with it. */
import { peerText } from "../../platform/text.ts";
import type { Finding, MachineCheck } from "../check.ts";
import { connectProblem, portOf, type ProxySetting, proxyFor, tokenEndpoints } from "../network.ts";
import { shellWord } from "../../platform/shell.ts";

export const proxy: MachineCheck = {
  of: "machine",
  id: "proxy",
  title: "the proxy that the environment names",
  worst: "error",
  async examine(machine) {
    const setting = tokenEndpoints(machine)
      .map((url) => proxyFor(url, machine.env))
      .find((found) => found !== undefined);
    if (setting === undefined) return [];
    if (setting.url === undefined) return [malformed(setting, machine.env[setting.variable] ?? "")];
    const { hostname } = setting.url;
    const problem = await connectProblem(hostname, portOf(setting.url), machine.signal);
    return problem === undefined ? [] : [dead(setting, `${hostname}:${portOf(setting.url)}`, problem)];
  },
};

/** The value may hold a password: it is shown only where it cannot. */
function malformed({ variable }: ProxySetting, value: string): Finding {
  const plain = /^[A-Za-z0-9.-]+:\d{1,5}\/?$/.test(value) ? value : undefined;
  return {
    severity: "error",
    seen: `${variable} is not the URL of an HTTP proxy${plain === undefined ? "" : `: ${peerText(plain, 100)}`}`,
    means: "Requests to the provider fail, or go out directly: tokens cannot be renewed reliably.",
    remedy: [plain === undefined ? `unset ${variable}` : `export ${variable}=${shellWord(`http://${plain}`)}`],
    advice: "Set it in the same way where your shell, cron or systemd gets it from.",
  };
}

function dead({ variable }: ProxySetting, host: string, problem: string): Finding {
  return {
    severity: "error",
    seen: `${variable} names the proxy ${host}, which cannot be used: ${problem}`,
    means: "All requests to the provider go there: tokens cannot be renewed.",
    remedy: [`unset ${variable}`],
    advice: "If this network needs a proxy, set the right one instead.",
  };
}
