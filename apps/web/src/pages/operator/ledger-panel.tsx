import { useQuery } from '@tanstack/react-query'
import { trialBalance } from '@fairgate/contracts/http/ledger'
import { formatMoney, money, type Currency } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { localeOf } from '../../i18n/dates.ts'
import { Failure, Skeleton, Tag, TableScroll } from '../../ui/parts.tsx'

/** The trial balance of everything. */
export function LedgerPanel() {
  const { t, lang, api } = useApp()
  const found = useQuery({
    queryKey: ['trial-balance'],
    queryFn: ({ signal }) => api.call(trialBalance, { query: {}, signal }),
    refetchInterval: 5000,
  })
  const amount = (value: number, currency: Currency): string =>
    `${value < 0 ? '−' : ''}${formatMoney(money(Math.abs(value), currency), localeOf(lang))}`
  return (
    <section className="panel stack" aria-labelledby="ledger">
      <div>
        <h2 id="ledger">{t.money.trial}</h2>
        <p className="muted">{t.money.trialLead}</p>
      </div>
      {found.isPending ? <Skeleton lines={3} /> : null}
      {found.isError ? <Failure error={found.error} retry={() => void found.refetch()} /> : null}
      {found.data?.currencies.map(({ currency, accounts, sum }) => (
        <TableScroll key={currency}>
          <table className="table">
            <caption>
              {currency} · {t.money.trialEntries(found.data.entries)}
            </caption>
            <thead>
              <tr>
                <th scope="col">{t.money.trialAccount}</th>
                {[t.money.debit, t.money.credit, t.money.balance].map((label) => (
                  <th key={label} scope="col" className="number">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {accounts.map(({ account, provider, debit, credit, balance }) => (
                <tr key={`${account} ${provider ?? ''}`}>
                  <th scope="row">
                    {t.money.accounts[account]} {provider ? <small className="muted">{provider}</small> : null}
                  </th>
                  <td className="figures number">{amount(debit, currency)}</td>
                  <td className="figures number">{amount(credit, currency)}</td>
                  <td className="figures number">{amount(balance, currency)}</td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row">{t.money.sum}</th>
                {(['debit', 'credit'] as const).map((side) => (
                  <td key={side} className="figures number">
                    {amount(
                      accounts.reduce((total, account) => total + account[side], 0),
                      currency,
                    )}
                  </td>
                ))}
                <td className="figures number">
                  <Tag tone={sum === 0 ? 'good' : 'warn'}>{amount(sum, currency)}</Tag>
                </td>
              </tr>
            </tfoot>
          </table>
        </TableScroll>
      ))}
    </section>
  )
}
