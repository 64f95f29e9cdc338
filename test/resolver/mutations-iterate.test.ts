import { checkMatrix } from './check-matrix.ts'

checkMatrix('iterate')
