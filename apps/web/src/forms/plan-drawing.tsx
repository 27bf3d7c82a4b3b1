import { planCounts, type Outline, type Plan } from '@fairgate/contracts/plans/plan'

/** Beyond this a drawing of single seats is only slow: the outlines of the sections stand for them. */
const seatsDrawnMax = 6000

/** A small drawing of a whole plan: shapes, the outlines of its sections, and the seats when there are not too many. */
export function PlanDrawing({ plan, label }: { plan: Plan; label: string }) {
  const withSeats = planCounts(plan).seats <= seatsDrawnMax
  const colours = new Map(plan.categories?.map(({ name, color }) => [name, color]))
  const sections = plan.sections.map((section) => ({
    name: section.name,
    colour: colours.get(section.category ?? '') ?? 'var(--seat-edge)',
    outline: section.outline ?? (withSeats ? undefined : boxAround(section.seats ?? [])),
    seats: withSeats ? (section.seats ?? []) : [],
  }))
  const corners = [
    ...sections.flatMap(({ outline = [], seats }) => [...outline, ...seats.map(({ x, y }) => [x, y] as const)]),
    ...(plan.shapes ?? []).flatMap(({ outline, at }) => [...(outline ?? []), ...(at ? [[at.x, at.y] as const] : [])]),
  ]
  if (corners.length === 0) return null
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const [x, y] of corners) {
    box.left = Math.min(box.left, x)
    box.right = Math.max(box.right, x)
    box.top = Math.min(box.top, y)
    box.bottom = Math.max(box.bottom, y)
  }
  const margin = Math.max(2, (box.right - box.left) * 0.02)
  return (
    <div className="preview plan-drawing">
      <svg
        viewBox={`${box.left - margin} ${box.top - margin} ${box.right - box.left + margin * 2} ${box.bottom - box.top + margin * 2}`}
        role="img"
        aria-label={label}
      >
        {plan.shapes?.map(({ kind, outline }, index) =>
          outline ? (
            <polygon
              key={`shape-${index}`}
              className={kind === 'stage' ? 'preview-stage' : 'preview-area'}
              points={pointsOf(outline)}
            />
          ) : null,
        )}
        {sections.map(({ name, colour, outline, seats }) => (
          <g key={name} style={{ color: colour }}>
            {outline ? <polygon className="preview-block" points={pointsOf(outline)} /> : null}
            {seats.length > 0 ? (
              <path d={seats.map(({ x, y }) => `M${x - 0.38} ${y - 0.38}h.76v.76h-.76z`).join('')} />
            ) : null}
          </g>
        ))}
      </svg>
    </div>
  )
}

const pointsOf = (outline: Outline): string => outline.map(([x, y]) => `${x},${y}`).join(' ')

function boxAround(seats: readonly { x: number; y: number }[]): Outline | undefined {
  if (seats.length === 0) return undefined
  const extent = (values: number[]) =>
    [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] as const
  const [left, right] = extent(seats.map(({ x }) => x))
  const [top, bottom] = extent(seats.map(({ y }) => y))
  return [
    [left - 0.5, top - 0.5],
    [right + 0.5, top - 0.5],
    [right + 0.5, bottom + 0.5],
    [left - 0.5, bottom + 0.5],
  ]
}
