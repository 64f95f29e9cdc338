import { checkMatrix } from './check-matrix.ts'

checkMatrix('forward')
