export { collectFigures } from './collect-figures.ts'
export { type Dashboard, type DashboardOptions, startDashboard } from './start-dashboard.ts'
export { writeDashboard } from './write-dashboard.ts'
