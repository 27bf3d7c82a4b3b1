import { useState } from 'react'
import type { Section } from '@fairgate/contracts/http/catalog'
import { releaseHold, type Hold } from '@fairgate/contracts/http/inventory'
import { placeOrder } from '@fairgate/contracts/http/orders'
import { formatMoney } from '@fairgate/contracts/money'
import { useAccount, useApp } from '../../app.tsx'
import { codeOf, errorText } from '../../api/api.ts'
import type { GoodCode } from '../../api/keep.ts'
import { keys, useEvent, useQueryClient } from '../../api/queries.ts'
import { localeOf } from '../../i18n/dates.ts'
import { CodeField, sumsOf } from '../../ui/code-field.tsx'
import { Extras } from '../../ui/extras.tsx'
import { useAttempt, useGoToOrder } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Countdown, Notice, StateHeading } from '../../ui/parts.tsx'

/** Places that are kept: what they cost, with a code if there is one, and the way to the order. */
export function HeldPanel({
  lineId,
  hold,
  holdToken,
  section,
  onGone,
}: {
  lineId: string
  hold: Hold
  holdToken: string
  section: Section | undefined
  onGone: () => void
}) {
  const { t, lang, api, keep } = useApp()
  const account = useAccount()
  const client = useQueryClient()
  const goToOrder = useGoToOrder()
  const { busy, failure, attempt } = useAttempt()
  const [acceptsEqual, setAcceptsEqual] = useState(false)
  const [code, setCode] = useState<GoodCode | undefined>(() => {
    const kept = account && section ? keep.code.get(section.eventId, account.id)?.good : undefined
    return kept && (kept.sectionIds?.includes(hold.sectionId) ?? true) ? kept : undefined
  })
  const event = useEvent(section?.eventId)
  const { fee, discount, total } = sumsOf(hold.total, hold.seats.length, event.data?.fees, code)
  const isFree = total.amount === 0

  const order = () =>
    attempt(async () => {
      const answer = await api.call(placeOrder, {
        body: {
          holdToken,
          ...(acceptsEqual ? { acceptEqualSeats: true } : {}),
          ...(code ? { promoCode: code.code } : {}),
        },
        idempotencyKey: `order-${hold.id}${acceptsEqual ? '-equal' : ''}${code ? `-${code.code}` : ''}`,
      })
      if (code && section) keep.code.drop(section.eventId)
      goToOrder(answer, lineId)
    })

  const giveBack = () =>
    attempt(async () => {
      try {
        await api.call(releaseHold, { params: { id: hold.id } })
      } catch (error) {
        if (codeOf(error) !== 'inventory.hold-not-found') throw error
      } finally {
        onGone()
        await client.invalidateQueries({ queryKey: keys.holds() })
      }
    })

  return (
    <>
      <div className="shop-head">
        <StateHeading>{t.shop.heldTitle}</StateHeading>
        <Countdown to={hold.expiresAt} label={t.shop.heldFor} />
      </div>
      <p className="lead">{t.shop.heldLead}</p>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      <div className="panel held-panel">
        <h2>{section?.name}</h2>
        <ul className="held-seats">
          {hold.seats.map((seat) => (
            <li key={seat.id} className="figures">
              {seat.label}
            </li>
          ))}
        </ul>
        <CodeField eventId={section?.eventId} good={code} disabled={busy} onChange={setCode} />
        {fee || discount ? (
          <table className="items">
            <tbody>
              <tr>
                <th scope="row">{t.money.seatsPrice}</th>
                <td className="figures">{formatMoney(hold.total, localeOf(lang))}</td>
              </tr>
              <Extras fee={fee} discount={discount} promoCode={code?.code} />
            </tbody>
          </table>
        ) : null}
        <p className="total">
          <span>
            {t.common.total} · {t.common.places(hold.seats.length)}
          </span>
          <b className="figures">{isFree ? t.shop.free : formatMoney(total, localeOf(lang))}</b>
        </p>
        {isFree ? null : (
          <label className="check">
            <input
              type="checkbox"
              checked={acceptsEqual}
              aria-describedby="equal-seats"
              disabled={busy}
              onChange={(event) => setAcceptsEqual(event.target.checked)}
            />
            {t.shop.equalSeats}
          </label>
        )}
        {isFree ? null : (
          <p className="muted small" id="equal-seats">
            {t.shop.equalSeatsHint}
          </p>
        )}
        <div className="actions">
          <button type="button" className="button" disabled={busy} onClick={() => void order()}>
            {isFree ? t.shop.takeFree : t.shop.toOrder}
            <Icon name="arrow" />
          </button>
          <button type="button" className="button quiet" disabled={busy} onClick={() => void giveBack()}>
            {t.shop.giveBack}
          </button>
        </div>
      </div>
    </>
  )
}
