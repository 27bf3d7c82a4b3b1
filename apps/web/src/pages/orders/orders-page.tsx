import { useState } from 'react'
import { Link } from 'wouter'
import { listOrders, type Order } from '@fairgate/contracts/http/orders'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { useAwards } from '../../api/ballots.ts'
import { useAuctionAwards } from '../../api/lots.ts'
import { useOrders } from '../../api/queries.ts'
import { useMyWaitlists } from '../../api/waitlist.ts'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useServerNow, useTitle } from '../../ui/hooks.ts'
import { Labels } from '../../ui/labels.tsx'
import { Blank, Countdown, Failure, PageHead, Skeleton } from '../../ui/parts.tsx'
import { ShowMore } from '../../ui/show-more.tsx'
import { OrderStateTag } from './order-page.tsx'
import { TextMessagesPanel } from '../account/text-messages-panel.tsx'

export function OrdersPage() {
  const { t, api } = useApp()
  const orders = useOrders()
  const [more, setMore] = useState<{ items: Order[]; cursor: string | null }>()
  useTitle(t.order.listTitle)

  const items = [...(orders.data?.items ?? []), ...(more?.items ?? [])]
  const cursor = more ? more.cursor : (orders.data?.nextCursor ?? null)

  async function showMore(from: string): Promise<void> {
    const page = await api.call(listOrders, { query: { cursor: from } })
    setMore({ items: [...(more?.items ?? []), ...page.items], cursor: page.nextCursor })
  }

  return (
    <div className="page narrow">
      <PageHead title={t.order.listTitle} />
      <OpenAwards />
      <Waitlists />
      {orders.isPending ? (
        <Skeleton tall lines={3} />
      ) : orders.isError ? (
        <Failure error={orders.error} retry={() => void orders.refetch()} />
      ) : items.length === 0 ? (
        <Blank title={t.order.listEmpty} body={t.order.listEmptyBody} icon="ticket">
          <Link href={pb.events()} className="button">
            {t.common.toEvents}
          </Link>
        </Blank>
      ) : (
        <ul className="rows">
          {items.map((order) => (
            <OrderRow key={order.id} order={order} />
          ))}
        </ul>
      )}
      <ShowMore cursor={cursor} load={showMore} />
      <TextMessagesPanel />
    </div>
  )
}

/** What was drawn or won and waits to be bought, the most urgent first. Whoever has none sees nothing of it. */
function OpenAwards() {
  const { t, lang } = useApp()
  const drawn = useAwards()
  const won = useAuctionAwards()
  const now = useServerNow()
  const all = [...(drawn.data?.items ?? []), ...(won.data?.items ?? [])]
  const open = all
    .filter(({ state, payBy }) => state === 'awarded' && Date.parse(payBy) > now)
    .toSorted((one, other) => Date.parse(one.payBy) - Date.parse(other.payBy))
  if (open.length === 0) return null
  return (
    <section aria-label={t.ballot.myAwards} className="open-awards">
      <h2>{t.ballot.myAwards}</h2>
      <ul className="rows">
        {open.map((award) => (
          <li key={award.id} className="row-card">
            <div>
              <h2>
                <Link
                  href={award.kind === 'auction' ? pb.lot(award.lotId) : pb.ballot(award.saleId)}
                  className="stretched"
                >
                  {award.eventName}
                </Link>
              </h2>
              <p className="muted figures">
                {award.line.name} ·{' '}
                {award.kind === 'auction'
                  ? `${award.seat.label} · ${formatMoney(award.unitPrice, localeOf(lang))}`
                  : t.common.places(award.quantity)}
              </p>
            </div>
            <div className="row-end">
              <Countdown to={award.payBy} label={t.ballot.timeLeft} />
              <span className="row-call">{award.kind === 'auction' ? t.auction.pay : t.ballot.buy}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Offers that wait to be taken, then what one waits for. Whoever has neither sees nothing of it. */
function Waitlists() {
  const { t } = useApp()
  const mine = useMyWaitlists()
  const now = useServerNow()
  const offers = (mine.data?.offers ?? []).filter(({ isOpen, until }) => isOpen && Date.parse(until) > now)
  const waiting = (mine.data?.entries ?? []).filter(({ state }) => state === 'waiting')
  if (offers.length + waiting.length === 0) return null
  return (
    <section aria-label={t.waitlist.myWaitlists} className="open-awards">
      <h2>{t.waitlist.myWaitlists}</h2>
      <ul className="rows">
        {offers.map((offer) => (
          <li key={offer.id} className="row-card">
            <div>
              <h2>
                <Link href={pb.waitlist(offer.saleId)} className="stretched">
                  {offer.eventName}
                </Link>
              </h2>
              <p className="muted figures">
                {offer.section.name} · <Labels of={offer.seats.map(({ label }) => label)} />
              </p>
            </div>
            <div className="row-end">
              <Countdown to={offer.until} label={t.ballot.timeLeft} />
              <span className="row-call">{t.waitlist.offerTitle}</span>
            </div>
          </li>
        ))}
        {waiting.map((entry) => (
          <li key={entry.id} className="row-card">
            <div>
              <h2>
                <Link href={pb.waitlist(entry.saleId)} className="stretched">
                  {entry.eventName}
                </Link>
              </h2>
              <p className="muted figures">
                {entry.sections.map(({ name }) => name).join(', ')} · {t.common.places(entry.quantity)}
              </p>
            </div>
            <div className="row-end">
              <span className="figures">{t.waitlist.aheadOfYou(entry.ahead ?? 0)}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}

function OrderRow({ order }: { order: Order }) {
  const { t, lang } = useApp()
  return (
    <li className="row-card">
      <div>
        <h2>
          <Link href={pb.order(order.id)} className="stretched">
            {order.event.name}
          </Link>
        </h2>
        <p className="muted figures">
          {order.section.name} · <Labels of={order.items.map(({ label }) => label)} />
        </p>
        <p className="muted small figures">{shortTime(order.event.startsAt, order.event.timeZone, lang)}</p>
      </div>
      <div className="row-end">
        <OrderStateTag order={order} />
        <b className="figures">{order.total.amount === 0 ? t.order.free : formatMoney(order.total, localeOf(lang))}</b>
        {order.state === 'awaiting-payment' ? <span className="row-call">{t.order.finish}</span> : null}
      </div>
    </li>
  )
}
