"""How large a rate is: estimates with intervals, corrected by what people said; and costs."""
