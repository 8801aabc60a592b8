export { buildPage } from './build-page.ts'
export { collectFigures } from './collect-figures.ts'
export type { Figures } from './figures.ts'
export { writeDashboard } from './write-dashboard.ts'
