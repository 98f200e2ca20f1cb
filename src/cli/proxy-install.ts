/** `mailkey proxy install` and `uninstall`: the proxy as a service of this user's, whose sockets are there from login on. */
import { networkInterfaces } from "node:os";
import { loadConfig } from "../accounts/config.ts";
import { askProxy } from "../proxy/client/ask-proxy.ts";
import { proxyCertificate } from "../proxy/certificate/certificate.ts";
import { loadMade } from "../proxy/certificate/made.ts";
import { planInstall, planUninstall } from "../proxy/install/plan.ts";
import { SERVICE_UNIT } from "../proxy/install/systemd.ts";
import type { Context } from "./context.ts";
import { install, installWorld, uninstall, type Installation, type InstallValues } from "./install-service.ts";

const INSTALLED: Installation["installed"] = {
  systemd: `The proxy listens while you are logged in. For programs that run without a login:
    loginctl enable-linger
After a change of its ports or addresses: mailkey proxy install
See: mailkey proxy status
`,
  launchd: "The proxy runs while you are logged in.\nSee: mailkey proxy status\n",
};

const BY_HAND = "\nUntil then, and where there is no systemd at all: mailkey proxy start\n";

/** @throws ERR_UNSUPPORTED, ERR_CONFIG, ERR_STORAGE, ERR_PROGRAM */
export async function installProxy(context: Context, values: InstallValues): Promise<void> {
  const { paths, env, clock, signal } = context;
  const { proxy } = loadConfig(paths, env);
  const { addresses, ports, certificateFile, keyFile } = proxy;
  const isMade = certificateFile === undefined && keyFile === undefined; // the proxy renews that, a plan changes nothing
  const certificate = isMade ? loadMade(paths) : await proxyCertificate(paths, proxy, clock);
  const hasIpv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ family }) => family === "IPv6"));
  const wanted = { addresses, ports, hasCertificate: certificate !== undefined, hasIpv6 };
  const plan = planInstall(installWorld(context), wanted);
  const stop = () => askProxy(paths, "stop", signal);
  await install(context, plan, values, { unit: SERVICE_UNIT, stop, installed: INSTALLED, byHand: BY_HAND });
}

/** @throws as `installProxy` */
export function uninstallProxy(context: Context, values: InstallValues): Promise<void> {
  return uninstall(context, planUninstall(installWorld(context)), values);
}
