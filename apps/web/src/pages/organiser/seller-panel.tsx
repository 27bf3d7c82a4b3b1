import { useState, type FormEvent } from 'react'
import { useQuery } from '@tanstack/react-query'
import { getSeller, setSeller, type Seller } from '@fairgate/contracts/http/receipts'
import { useApp } from '../../app.tsx'
import { FormFailure, TextField } from '../../forms/fields.tsx'
import { useAttempt } from '../../ui/hooks.ts'
import { Notice } from '../../ui/parts.tsx'

/** What receipts say of who sells. */
export function SellerPanel({ eventId }: { eventId: string }) {
  const { t, api } = useApp()
  const seller = useQuery({
    queryKey: ['seller', eventId],
    queryFn: ({ signal }) => api.call(getSeller, { params: { id: eventId }, signal }),
  })
  return (
    <section className="panel" aria-labelledby="seller">
      <h2 id="seller">{t.money.seller}</h2>
      <p className="muted">{t.money.sellerLead}</p>
      {seller.data ? <SellerForm eventId={eventId} seller={seller.data} /> : null}
    </section>
  )
}

function SellerForm({ eventId, seller }: { eventId: string; seller: Seller }) {
  const { t, api } = useApp()
  const [values, setValues] = useState(seller)
  const [isSaved, setSaved] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  const fields = [
    ['name', t.money.sellerName, 120],
    ['registrationNumber', t.money.sellerRegistration, 60],
    ['address', t.money.sellerAddress, 300],
    ['taxNote', t.money.sellerTax, 300],
  ] as const

  async function save(submitted: FormEvent): Promise<void> {
    submitted.preventDefault()
    setSaved(false)
    const body = Object.fromEntries(
      fields.flatMap(([name]) => (values[name]?.trim() ? [[name, values[name]!.trim()]] : [])),
    )
    await attempt(async () => {
      await api.call(setSeller, { params: { id: eventId }, body })
      setSaved(true)
    })
  }

  return (
    <form className="form" noValidate onSubmit={(event) => void save(event)}>
      <FormFailure error={failure} />
      {isSaved ? <Notice tone="good">{t.money.saved}</Notice> : null}
      <div className="form-grid">
        {fields.map(([name, label, maxLength]) => (
          <TextField
            key={name}
            label={label}
            name={name}
            maxLength={maxLength}
            value={values[name] ?? ''}
            hint={name === 'taxNote' ? t.money.sellerTaxHint : undefined}
            onChange={(event) => setValues({ ...values, [name]: event.target.value })}
          />
        ))}
      </div>
      <div className="actions">
        <button type="submit" className="button quiet" disabled={busy}>
          {t.money.save}
        </button>
      </div>
    </form>
  )
}
