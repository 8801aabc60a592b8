export { startWebApp1, type WebApp1, type WebApp1Options } from './start-web-app-1.ts'
