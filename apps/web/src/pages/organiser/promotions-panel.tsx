import { useState, type FormEvent } from 'react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { EventDocument } from '@fairgate/contracts/http/catalog'
import {
  createPromotion,
  endPromotion,
  listPromotions,
  promotionCodes,
  type Promotion,
} from '@fairgate/contracts/http/codes'
import { formatMoney, money } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { errorText, faultsOf } from '../../api/api.ts'
import { saveText } from '../../api/save-text.ts'
import { Choices, Form, FormFailure, SelectField, TextField } from '../../forms/fields.tsx'
import { parsePrice } from '../../forms/grid.ts'
import { faultsFrom, filled, type Faults } from '../../forms/rules.ts'
import { instantOf, localeOf, shortTime } from '../../i18n/dates.ts'
import { useAttempt, useIdempotencyKey } from '../../ui/hooks.ts'
import { Confirm, Notice, Tag } from '../../ui/parts.tsx'

const keyOf = (eventId: string) => ['promotions', eventId] as const

/** The codes of an own event, and a form for more. */
export function PromotionsPanel({ event }: { event: EventDocument }) {
  const { t, api } = useApp()
  const [isNew, setNew] = useState(false)
  const [isMade, setMade] = useState(false)
  const client = useQueryClient()
  const found = useQuery({
    queryKey: keyOf(event.id),
    queryFn: ({ signal }) => api.call(listPromotions, { params: { id: event.id }, signal }),
    refetchInterval: 10_000,
  })
  const reload = () => client.invalidateQueries({ queryKey: keyOf(event.id) })
  const items = found.data?.items ?? []
  return (
    <section className="panel stack" aria-labelledby="promotions">
      <div>
        <h2 id="promotions">{t.money.promotions}</h2>
        <p className="muted">{t.money.promotionsLead}</p>
      </div>
      {isMade ? <Notice tone="good">{t.money.made}</Notice> : null}
      {found.isSuccess && items.length === 0 ? <p className="muted">{t.money.noPromotions}</p> : null}
      {items.length > 0 ? (
        <ul className="section-list promotions">
          {items.map((promotion) => (
            <PromotionLine key={promotion.id} event={event} promotion={promotion} reload={reload} />
          ))}
        </ul>
      ) : null}
      {isNew ? (
        <PromotionForm
          event={event}
          onMade={() => {
            setNew(false)
            setMade(true)
            void reload()
          }}
        />
      ) : (
        <p className="actions">
          <button
            type="button"
            className="button quiet small"
            onClick={() => {
              setMade(false)
              setNew(true)
            }}
          >
            {t.money.newPromotion}
          </button>
        </p>
      )}
    </section>
  )
}

function PromotionLine({
  event,
  promotion,
  reload,
}: {
  event: EventDocument
  promotion: Promotion
  reload: () => Promise<void>
}) {
  const { t, lang, api } = useApp()
  const [isAsking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  const { percent, amount, sectionIds, validFrom, validUntil, codes, usesMax } = promotion
  const names = sectionIds?.map((id) => event.sections.find((section) => section.id === id)?.name ?? id)
  const what = [
    percent === undefined ? '' : t.money.off(`${percent}%`),
    amount ? t.money.off(formatMoney(amount, localeOf(lang))) : '',
    promotion.allotmentIds.length > 0 ? t.money.opensSeats : '',
    names?.join(', ') ?? '',
    validFrom ? `${shortTime(validFrom, event.timeZone, lang)} –` : '',
    validUntil ? `– ${shortTime(validUntil, event.timeZone, lang)}` : '',
  ].filter(Boolean)

  const act = (work: () => Promise<unknown>) => attempt(() => work().finally(() => setAsking(false)))

  return (
    <li>
      <div>
        <b>{promotion.code ?? t.money.manyCodes(codes)}</b>{' '}
        <Tag tone={promotion.endedAt ? 'plain' : 'good'}>{promotion.endedAt ? t.money.ended : t.money.live}</Tag>
        <small>
          {promotion.name} · {what.join(' · ')}
        </small>
        <small>{t.money.uses(promotion.uses, (usesMax ?? 0) * codes)}</small>
        {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
        {isAsking ? (
          <Confirm
            question={t.money.endConfirm}
            yes={t.money.endYes}
            no={t.money.endNo}
            busy={busy}
            onYes={() => void act(async () => api.call(endPromotion, { params: { id: promotion.id } }).then(reload))}
            onNo={() => setAsking(false)}
          />
        ) : null}
      </div>
      <div className="actions">
        {codes > 1 ? (
          <button
            type="button"
            className="button plain small"
            disabled={busy}
            onClick={() =>
              void act(async () =>
                saveText(`${promotion.name}.csv`, await api.call(promotionCodes, { params: { id: promotion.id } })),
              )
            }
          >
            {t.money.codesCsv}
          </button>
        ) : null}
        {promotion.endedAt || isAsking ? null : (
          <button type="button" className="button plain small" disabled={busy} onClick={() => setAsking(true)}>
            {t.money.end}
          </button>
        )}
      </div>
    </li>
  )
}

const empty = {
  name: '',
  kind: 'percent' as 'percent' | 'amount' | 'access',
  how: 'one' as 'one' | 'many',
  value: '',
  allotmentCode: '',
  code: '',
  count: '100',
  prefix: '',
  usesMax: '',
  perAccount: '',
  validFrom: '',
  validUntil: '',
  sectionId: '',
}

function PromotionForm({ event, onMade }: { event: EventDocument; onMade: () => void }) {
  const { t, api } = useApp()
  const [values, setValues] = useState(empty)
  const [faults, setFaults] = useState<Faults>({})
  const { busy, failure, attempt, clear } = useAttempt()
  const { keyFor } = useIdempotencyKey()
  const set = (change: Partial<typeof values>): void => setValues({ ...values, ...change })
  const isMany = values.how === 'many'
  const whole = (text: string): number | undefined => (/^[1-9]\d{0,6}$/.test(text.trim()) ? Number(text) : undefined)
  const optionalWhole = (text: string): string | undefined =>
    text.trim() === '' || whole(text) ? undefined : t.common.field.number

  async function submit(submitted: FormEvent): Promise<void> {
    submitted.preventDefault()
    const amount = parsePrice(values.value, event.currency)
    const percent = whole(values.value)
    const from = instantOf(values.validFrom, event.timeZone)
    const until = instantOf(values.validUntil, event.timeZone)
    const valueFault =
      values.kind === 'percent' && (!percent || percent > 100)
        ? t.common.field.number
        : values.kind === 'amount' && !amount
          ? t.common.field.price
          : undefined
    const found = faultsFrom({
      name: filled(values.name, t),
      value: valueFault,
      allotmentCode: values.kind === 'access' ? filled(values.allotmentCode, t) : undefined,
      code: isMany ? undefined : filled(values.code, t),
      count: isMany && !whole(values.count) ? t.common.field.number : undefined,
      usesMax: optionalWhole(values.usesMax),
      perAccount: optionalWhole(values.perAccount),
    })
    setFaults(found)
    clear()
    if (Object.keys(found).length > 0) return
    await attempt(
      async () => {
        await api.call(createPromotion, {
          params: { id: event.id },
          body: {
            name: values.name,
            ...(values.kind === 'percent' ? { percent: percent! } : {}),
            ...(values.kind === 'amount' ? { amount: money(amount!, event.currency) } : {}),
            ...(values.kind === 'access' ? { allotmentCodes: [values.allotmentCode.trim()] } : {}),
            ...(isMany
              ? {
                  generate: {
                    count: Number(values.count),
                    ...(values.prefix.trim() ? { prefix: values.prefix.trim() } : {}),
                  },
                }
              : { code: values.code.trim() }),
            ...(values.usesMax.trim() ? { usesMax: Number(values.usesMax) } : {}),
            ...(values.perAccount.trim() ? { usesPerAccountMax: Number(values.perAccount) } : {}),
            ...(from ? { validFrom: from } : {}),
            ...(until ? { validUntil: until } : {}),
            ...(values.sectionId ? { sectionIds: [values.sectionId] } : {}),
          },
          idempotencyKey: keyFor(values),
        })
        onMade()
      },
      (error) => setFaults(faultsOf(error)),
    )
  }

  const text = (name: Exclude<keyof typeof values, 'kind' | 'how'>, label: string, more: object = {}) => (
    <TextField
      label={label}
      name={name}
      value={values[name]}
      fault={faults[name]}
      autoComplete="off"
      onChange={(change) => set({ [name]: change.target.value })}
      {...more}
    />
  )
  return (
    <Form faults={faults} onSubmit={(submitted) => void submit(submitted)}>
      <FormFailure error={failure} shown={['name', 'code', 'validUntil']} />
      {text('name', t.money.name, { hint: t.money.nameHint, maxLength: 80 })}
      <Choices
        legend={t.money.kind}
        name="kind"
        value={values.kind}
        choices={[
          { value: 'percent', label: t.money.kindPercent },
          { value: 'amount', label: t.money.kindAmount },
          { value: 'access', label: t.money.kindAccess },
        ]}
        onChange={(kind) => set({ kind })}
      />
      <Choices
        legend={t.money.how}
        name="how"
        value={values.how}
        choices={[
          { value: 'one', label: t.money.one },
          { value: 'many', label: t.money.many },
        ]}
        onChange={(how) => set({ how })}
      />
      <div className="form-grid">
        {values.kind === 'access'
          ? text('allotmentCode', t.money.allotment, { hint: t.money.allotmentHint })
          : text('value', values.kind === 'percent' ? t.money.percent : `${t.money.amount} (${event.currency})`, {
              inputMode: 'decimal',
            })}
        {isMany ? (
          <>
            {text('count', t.money.count, { inputMode: 'numeric' })}
            {text('prefix', t.money.prefix, { maxLength: 20 })}
          </>
        ) : (
          text('code', t.money.codeText, { hint: t.money.codeTextHint, maxLength: 40 })
        )}
        {text('usesMax', isMany ? t.money.usesMaxEach : t.money.usesMax, {
          inputMode: 'numeric',
          hint: isMany ? undefined : t.money.noLimit,
          placeholder: isMany ? '1' : '',
        })}
        {text('perAccount', t.money.perAccount, { inputMode: 'numeric', hint: t.money.noLimit })}
        {text('validFrom', t.money.validFrom, { type: 'datetime-local' })}
        {text('validUntil', t.money.validUntil, { type: 'datetime-local' })}
        <SelectField
          label={t.money.onlySections}
          name="sectionId"
          value={values.sectionId}
          onChange={(change) => set({ sectionId: change.target.value })}
        >
          <option value="">{t.events.all}</option>
          {event.sections.map((section) => (
            <option key={section.id} value={section.id}>
              {section.name}
            </option>
          ))}
        </SelectField>
      </div>
      <div className="actions">
        <button type="submit" className="button" disabled={busy}>
          {isMany ? t.money.createMany : t.money.create}
        </button>
      </div>
    </Form>
  )
}
