"""What makes a price lower: coupons, flash prices, redeem codes, and what of them orders hold."""
