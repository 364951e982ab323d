// Paying inside WeChat, by the bridge to its app that it puts into pages. Whether it was paid, WeChat tells the server: the
// page that waits turns by that alone.

interface Said {
  err_msg?: string;
}

interface Bridge {
  invoke(name: string, values: Record<string, string>, then: (said: Said) => void): void;
}

declare global {
  interface Window {
    WeixinJSBridge?: Bridge;
  }
}

const READY = "WeixinJSBridgeReady";
const BRIDGE_COMES_WITHIN = 5000;

let isAsking = false;

/** The bridge, which may come a while after the page; undefined where it doesn't. */
function bridge(): Promise<Bridge | undefined> {
  return new Promise((resolve) => {
    const found = (): void => resolve(window.WeixinJSBridge);
    if (window.WeixinJSBridge) return found();
    document.addEventListener(READY, found, { once: true });
    window.setTimeout(found, BRIDGE_COMES_WITHIN);
  });
}

function ask(with_: Bridge, values: Record<string, string>): Promise<"done" | "cancelled" | "failed"> {
  return new Promise((resolve) => {
    with_.invoke("getBrandWCPayRequest", values, (said) => {
      const end = said.err_msg?.split(":")[1];
      resolve(end === "ok" ? "done" : end === "cancel" ? "cancelled" : "failed");
    });
  });
}

async function pay(place: HTMLElement): Promise<void> {
  if (isAsking) return;
  isAsking = true;
  try {
    const found = await bridge();
    const became = found ? await ask(found, JSON.parse(place.dataset.wechatPay ?? "{}")) : "failed";
    const words = place.querySelector("[role=status]");
    if (words) words.textContent = place.dataset[became] ?? "";
  } finally {
    isAsking = false;
  }
}

/** The button asks; where the payment was begun this moment it is asked at once, and not again when the page is reloaded. */
export function payInWechat(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("[data-wechat-pay] button");
    if (button) void pay(button.closest<HTMLElement>("[data-wechat-pay]")!);
  });
  const now = document.querySelector<HTMLElement>("[data-wechat-pay][data-now]");
  if (!now) return;
  const here = new URL(location.href);
  here.searchParams.delete("pay");
  if (here.hash === "#wechat_redirect") here.hash = "";
  history.replaceState(history.state, "", here);
  void pay(now);
}
