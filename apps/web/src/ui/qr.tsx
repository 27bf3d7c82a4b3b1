import { create } from 'qrcode'
import { useMemo } from 'react'

/** Modules of empty margin that readers need on each side. */
const quietZone = 4

/** A QR code as one path, dark on white in every colour scheme: readers expect that. */
export function Qr({ text, label }: { text: string; label: string }) {
  const { path, side } = useMemo(() => {
    const { modules } = create(text, { errorCorrectionLevel: 'M' })
    let drawn = ''
    for (let row = 0; row < modules.size; row++) {
      for (let column = 0; column < modules.size; column++) {
        if (modules.get(row, column)) drawn += `M${column + quietZone} ${row + quietZone}h1v1h-1z`
      }
    }
    return { path: drawn, side: modules.size + quietZone * 2 }
  }, [text])
  return (
    <svg className="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
