export function OrganiserEventPage(_: { id?: string }) {
  return null
}
