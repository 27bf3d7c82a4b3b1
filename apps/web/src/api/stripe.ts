/** As much of Stripe.js as paying by card needs ("Stripe.js reference"). */
export type Stripe = {
  elements(options: { clientSecret: string; appearance?: object }): StripeElements
  /** Leads away from this page unless it comes back with an error. */
  confirmPayment(options: {
    elements: StripeElements
    confirmParams: { return_url: string }
  }): Promise<{ error?: { message?: string } }>
}
export type StripeElements = { create(kind: 'payment'): StripeElement }
export type StripeElement = {
  on(name: 'ready', listener: () => void): void
  mount(place: HTMLElement): void
  destroy(): void
}

type Open = (publishableKey: string, options: { locale: string }) => Stripe

const waitMsMax = 20_000
let loading: Promise<Open> | undefined

/**
 * Stripe's own script, which has to come from Stripe itself, loaded when it is first needed.
 * @throws when it does not come in time; asked again, it is tried again
 */
export function loadStripe(url: string): Promise<Open> {
  loading ??= new Promise<Open>((resolve, reject) => {
    const script = document.createElement('script')
    const fail = () => {
      loading = undefined
      script.remove()
      reject(new Error(`${url} did not load`))
    }
    const timer = setTimeout(fail, waitMsMax)
    script.src = url
    script.addEventListener('error', fail)
    script.addEventListener('load', () => {
      clearTimeout(timer)
      const open = (globalThis as { Stripe?: Open }).Stripe
      if (open) resolve(open)
      else fail()
    })
    document.head.append(script)
  })
  return loading
}
