import { useApp } from '../app.tsx'
import { errorText } from '../api/api.ts'
import { useAttempt } from './hooks.ts'
import { Notice } from './parts.tsx'

/** The way to the next page of a list. @param cursor  where it begins; null at the end, where nothing is shown */
export function ShowMore({ cursor, load }: { cursor: string | null; load: (cursor: string) => Promise<void> }) {
  const { t, lang } = useApp()
  const { busy, failure, attempt } = useAttempt()
  return (
    <>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {cursor ? (
        <div className="actions centred">
          <button
            type="button"
            className="button quiet"
            disabled={busy}
            onClick={() => void attempt(() => load(cursor))}
          >
            {t.common.more}
          </button>
        </div>
      ) : null}
    </>
  )
}
