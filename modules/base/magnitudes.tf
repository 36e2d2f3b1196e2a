# Numbers behind the units.
locals {
  byte_units   = { k = 1000, M = 1000000, G = 1000000000, T = 1000000000000, Ki = 1024, Mi = 1048576, Gi = 1073741824, Ti = 1099511627776 }
  second_units = { s = 1, m = 60, h = 3600, d = 86400 }
}
