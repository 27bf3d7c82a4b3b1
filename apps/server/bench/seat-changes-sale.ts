// What the server, the watchers and the buyers of the seat-changes benchmark all know.

export const saleId = 'sal_bench'
export const sections = 40
export const seatsPerSection = 1250
export const sectionOf = (index: number) => `sec_bench${index}`
