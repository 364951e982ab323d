import django.db.models.deletion
import zhiyue.core.kit.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('commerce', '0011_plan_refunds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Bill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=20)),
                ('day', models.DateField()),
                ('due_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('fault', models.CharField(blank=True, max_length=300)),
                ('fetched_at', models.DateTimeField(null=True)),
                ('compared_at', models.DateTimeField(null=True)),
                ('line_count', models.PositiveIntegerField(default=0)),
                ('theirs_fen', models.BigIntegerField(default=0)),
                ('ours_fen', models.BigIntegerField(default=0)),
                ('fee_fen', models.BigIntegerField(default=0)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='bills_to_fetch'), models.Index(fields=['-day'], name='bills_newest_first')],
                'constraints': [models.UniqueConstraint(fields=('provider', 'day'), name='one_bill_a_provider_and_day')],
            },
        ),
        migrations.CreateModel(
            name='BillEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('item', models.CharField(db_index=True, max_length=180)),
                ('number', models.CharField(blank=True, max_length=80)),
                ('provider_number', models.CharField(blank=True, max_length=80)),
                ('refund_number', models.CharField(blank=True, max_length=80)),
                ('amount_fen', models.BigIntegerField()),
                ('fee_fen', models.BigIntegerField(default=0)),
                ('nth', models.PositiveIntegerField(default=0)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('bill', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='commerce.bill')),
                ('fee_entry', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bill_line', to='commerce.entry')),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bill_lines', to='commerce.payment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('bill', 'number', 'provider_number', 'refund_number', 'amount_fen', 'fee_fen', 'nth'), name='bill_line_once')],
            },
        ),
        migrations.CreateModel(
            name='Difference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=20)),
                ('item', models.CharField(db_index=True, max_length=180)),
                ('kind', models.CharField(choices=[('missing_here', 'Paid there, unknown here'), ('missing_there', 'Paid here, not in their bill'), ('amount', 'Paid another amount'), ('paid_twice', 'Paid twice there'), ('refund_here', 'Gone back there, unknown here'), ('refund_there', 'Gone back here, not in their bill'), ('refund_amount', 'Another amount gone back'), ('refund_twice', 'Gone back twice there'), ('taken_back', 'Taken back there without a refund of ours')], max_length=16)),
                ('number', models.CharField(blank=True, max_length=80)),
                ('provider_number', models.CharField(blank=True, max_length=80)),
                ('refund_number', models.CharField(blank=True, max_length=80)),
                ('theirs_fen', models.BigIntegerField()),
                ('ours_fen', models.BigIntegerField()),
                ('state', models.CharField(choices=[('open', 'Open'), ('gone', 'Came right by itself'), ('resolved', 'Resolved')], default='open', max_length=8)),
                ('noticed_at', models.DateTimeField(default=zhiyue.core.kit.clock.now)),
                ('ended_at', models.DateTimeField(null=True)),
                ('why', models.CharField(blank=True, max_length=200)),
                ('bill', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='differences', to='commerce.bill')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('entry', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='difference', to='commerce.entry')),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='commerce.payment')),
                ('refund', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='commerce.refund')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('provider', 'item'), name='one_open_difference_an_item'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'open'), _negated=True), ('ended_at', None), _connector='OR'), name='open_difference_has_no_end')],
            },
        ),
    ]
