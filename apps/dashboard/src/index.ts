export { type Collected, collectFigures } from './collect-figures.ts'
export type { Figures } from './figures.ts'
export { PAGE_SOURCE, writeDashboard } from './write-dashboard.ts'
