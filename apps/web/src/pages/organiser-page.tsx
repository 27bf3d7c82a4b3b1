export function OrganiserPage(_: { id?: string }) {
  return null
}
export function NewEventPage(_: { id?: string }) {
  return null
}
