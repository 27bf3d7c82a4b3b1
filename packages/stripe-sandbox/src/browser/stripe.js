// Stands for https://js.stripe.com in a browser: as much of Stripe.js as paying by card needs ("Stripe.js reference":
// `elements`, `create('payment')`, `mount`, `confirmPayment`). The element offers Stripe's own test cards.
{
  const origin = new URL(document.currentScript.src).origin
  const texts = {
    ko: {
      legend: '연습용 카드를 고르세요',
      pm_card_visa: '4242 4242 4242 4242 · 승인되는 카드',
      pm_card_visa_chargeDeclinedInsufficientFunds: '4000 0000 0000 9995 · 잔액이 부족한 카드',
      pm_card_authenticationRequired: '4000 0027 6000 3184 · 본인 인증이 필요한 카드',
    },
    en: {
      legend: 'Choose a practice card',
      pm_card_visa: '4242 4242 4242 4242 · is accepted',
      pm_card_visa_chargeDeclinedInsufficientFunds: '4000 0000 0000 9995 · has insufficient funds',
      pm_card_authenticationRequired: '4000 0027 6000 3184 · asks whether it is you',
    },
  }
  const cards = ['pm_card_visa', 'pm_card_visa_chargeDeclinedInsufficientFunds', 'pm_card_authenticationRequired']

  function drawElement(place, t) {
    const group = document.createElement('fieldset')
    group.style.cssText = 'border: 1px solid #8886; border-radius: 0.75rem; padding: 0.5rem 1rem 0.75rem; margin: 0'
    const legend = document.createElement('legend')
    legend.textContent = t.legend
    group.append(legend)
    for (const card of cards) {
      const label = document.createElement('label')
      label.style.cssText = 'display: flex; gap: 0.625rem; align-items: center; min-height: 2.75rem'
      const input = document.createElement('input')
      Object.assign(input, { type: 'radio', name: 'sandbox-card', value: card, checked: card === cards[0] })
      label.append(input, t[card])
      group.append(label)
    }
    place.replaceChildren(group)
  }

  async function confirm(publishableKey, clientSecret, card, returnUrl) {
    const id = clientSecret.split('_secret_')[0]
    const response = await fetch(`${origin}/v1/payment_intents/${id}/confirm`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${publishableKey}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ client_secret: clientSecret, payment_method: card, return_url: returnUrl }),
    })
    return response.json()
  }

  globalThis.Stripe = (publishableKey, { locale } = {}) => ({
    elements: ({ clientSecret }) => {
      let place
      return {
        clientSecret,
        chosen: () => place?.querySelector('input:checked')?.value,
        submit: async () => ({}),
        create: () => {
          const listeners = []
          return {
            on: (name, listener) => name === 'ready' && listeners.push(listener),
            mount: (target) => {
              place = typeof target === 'string' ? document.querySelector(target) : target
              drawElement(place, texts[locale === 'ko' ? 'ko' : 'en'])
              for (const listener of listeners) queueMicrotask(listener)
            },
            destroy: () => place?.replaceChildren(),
          }
        },
      }
    },
    // As in the library: an error comes back to the page, anything else leads away from it.
    confirmPayment: async ({ elements, confirmParams: { return_url: returnUrl } }) => {
      const intent = await confirm(publishableKey, elements.clientSecret, elements.chosen(), returnUrl)
      if (intent.error) return { error: intent.error }
      if (intent.next_action) {
        location.assign(intent.next_action.redirect_to_url.url)
        return {}
      }
      const back = new URL(returnUrl)
      back.searchParams.set('payment_intent', intent.id)
      back.searchParams.set('payment_intent_client_secret', elements.clientSecret)
      back.searchParams.set('redirect_status', 'succeeded')
      location.assign(back)
      return {}
    },
  })
}
