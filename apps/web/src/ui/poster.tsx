const palettes = [
  ['#1d1a3f', '#ff6f3d', '#f7d9c4'],
  ['#0c3b33', '#d7f26a', '#8fd3b6'],
  ['#3a0f2b', '#ff9ecb', '#ffd9a0'],
  ['#10233f', '#6fc3ff', '#f3f0df'],
  ['#2b1a0e', '#ffb52e', '#f0e3cf'],
  ['#2a3cff', '#f6f4ee', '#9aa5ff'],
] as const

/** A small generator (mulberry32), so that an event looks the same on every screen. */
function numbersOf(text: string): () => number {
  let seed = 2166136261
  for (const char of text) seed = Math.imul(seed ^ char.charCodeAt(0), 16777619)
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let value = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

/** The picture of an event, drawn from its id: rows around a stage, or lanes of a course. */
export function Poster({ eventId, kind }: { eventId: string; kind: 'concert' | 'race' }) {
  const next = numbersOf(kind + eventId)
  const [ground, bright, soft] = palettes[Math.floor(next() * palettes.length)] ?? palettes[0]
  return (
    <svg
      className="poster"
      viewBox="0 0 400 240"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
      focusable="false"
    >
      <rect width="400" height="240" fill={ground} />
      {kind === 'concert' ? (
        <Rows next={next} bright={bright} soft={soft} />
      ) : (
        <Lanes next={next} bright={bright} soft={soft} />
      )}
    </svg>
  )
}

type Art = { next: () => number; bright: string; soft: string }

function Rows({ next, bright, soft }: Art) {
  const x = 130 + next() * 140
  const lit = 2 + Math.floor(next() * 5)
  return (
    <g fill="none" strokeLinecap="round">
      {Array.from({ length: 10 }, (_, row) => {
        const radius = 46 + row * 25
        const isLit = row === lit || (row > lit && next() > 0.82)
        const gap = 5 + Math.floor(next() * 5)
        return (
          <circle
            key={row}
            cx={x}
            cy={262}
            r={radius}
            stroke={isLit ? bright : soft}
            strokeOpacity={isLit ? 1 : 0.3}
            strokeWidth={isLit ? 12 : 9}
            strokeDasharray={isLit ? undefined : `2 ${gap + 11}`}
          />
        )
      })}
      <circle cx={x} cy={262} r={30} fill={bright} stroke="none" />
    </g>
  )
}

function Lanes({ next, bright, soft }: Art) {
  const bend = 40 + next() * 90
  const lit = 1 + Math.floor(next() * 5)
  return (
    <g fill="none" strokeLinecap="round">
      {Array.from({ length: 8 }, (_, lane) => {
        const y = 6 + lane * 30
        const isLit = lane === lit
        return (
          <path
            key={lane}
            d={`M-20 ${y + bend * 0.9} C 110 ${y + bend * 1.1}, 190 ${y - bend * 0.7}, 420 ${y - bend * 0.35}`}
            stroke={isLit ? bright : soft}
            strokeOpacity={isLit ? 1 : 0.28}
            strokeWidth={isLit ? 13 : 3}
          />
        )
      })}
    </g>
  )
}
